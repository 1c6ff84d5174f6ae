"""The generated data: balanced, clean where it should be, the same bytes everywhere."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from hardness.demo.grammar import LABELS
from hardness.demo.sample import SampleConfig, make_sample, write_sample
from hardness.errors import HardnessError

# sha256 of the files of the default configuration, made by this code with CPython 3.11.7 and
# found the same with 3.12.1 and 3.13.0. A change here changes every number of the demo.
TRAIN_SHA256 = "b5cc97fcf4b2ff4741e31554893f7836a2a896d133e9f7ded72ace29e84b91aa"
EVAL_SHA256 = "54f4507972295e33283ce210608c88d7bd0c15f090a64ed3982191a6cb976be2"

SMALL = SampleConfig(train_rows=120, eval_rows=24)


def test_files_are_the_same_bytes_everywhere(tmp_path: Path) -> None:
    train, evaluation = write_sample(tmp_path)
    assert sha256(train.read_bytes()).hexdigest() == TRAIN_SHA256
    assert sha256(evaluation.read_bytes()).hexdigest() == EVAL_SHA256


def test_files_hold_the_records(tmp_path: Path) -> None:
    paths = write_sample(tmp_path / "new", SMALL)
    for path, records in zip(paths, make_sample(SMALL), strict=True):
        assert [json.loads(line) for line in path.read_text().splitlines()] == records


def test_files_that_are_right_are_left_alone(tmp_path: Path) -> None:
    train, _ = write_sample(tmp_path, SMALL)
    inode = train.stat().st_ino
    write_sample(tmp_path, SMALL)
    assert train.stat().st_ino == inode
    write_sample(tmp_path, SampleConfig(train_rows=120, eval_rows=24, seed=1))
    assert train.stat().st_ino != inode


def test_tiers_and_true_labels_are_balanced() -> None:
    for records in make_sample(SMALL):
        cells = Counter((record["tier"], record["true_label"]) for record in records)
        assert len(cells) == 12
        assert len(set(cells.values())) == 1


def test_a_tenth_of_the_training_labels_is_flipped_and_marked() -> None:
    train, evaluation = make_sample(SampleConfig())
    assert sum(record["flipped"] for record in train) == 360
    assert not any(record["flipped"] for record in evaluation)
    for record in train + evaluation:
        assert record["flipped"] == (record["label"] != record["true_label"])
        assert record["label"] in LABELS


def test_no_pair_occurs_twice() -> None:
    train, evaluation = make_sample(SampleConfig())
    pairs = [(record["premise"], record["hypothesis"]) for record in train + evaluation]
    assert len(set(pairs)) == len(pairs)
    assert len({record["id"] for record in train + evaluation}) == len(pairs)


def test_seed_changes_the_records() -> None:
    other = SampleConfig(train_rows=120, eval_rows=24, seed=1)
    assert make_sample(SMALL)[0] != make_sample(other)[0]


def test_no_more_records_than_the_grammar_has() -> None:
    with pytest.raises(HardnessError, match=r"fewer than the grammar's pairs.*ask for fewer"):
        make_sample(SampleConfig(train_rows=50_000))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train_rows": 0}, "train_rows must be at least 1, got 0"),
        ({"eval_rows": -1}, "eval_rows must be at least 1, got -1"),
        ({"flipped": 1.5}, r"flipped must be in \[0, 1\], got 1.5"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
    ids=["train_rows", "eval_rows", "flipped", "seed"],
)
def test_bad_configuration_is_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        SampleConfig(**options)  # type: ignore[arg-type]
