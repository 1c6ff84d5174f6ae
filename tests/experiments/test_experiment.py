"""Experiments as they are written in YAML, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardness.errors import HardnessError
from hardness.experiments.experiment import SEEDS, Arm, Experiment, folder_name, read_experiment
from hardness.experiments.statistics import seeds_needed

WHOLE = """
data: train.jsonl
eval: [a.jsonl, b.jsonl]
label: label
score:
  - perplexity
  - {metric: ngram-pvi, holdout: none}
train: {epochs: 2, lr: 0.01}
seeds: [3, 5]
baseline: plain
arms:
  easy first: {by: perplexity, order: ascending}
  plain: {by: perplexity, order: random, lr: 0.02}
grid:
  by: perplexity
  order: [random]
  normalize: [rank, minmax]
  weighting: [s-loss]
"""

RECORDS = '{"text": "x y", "label": "good"}\n{"text": "y z", "label": "bad"}\n'


def read(folder: Path, text: str, **options: int) -> Experiment:
    path = folder / "experiment.yaml"
    path.write_text(text, encoding="utf-8")
    for name in ("train", "a", "b"):
        (folder / f"{name}.jsonl").write_text(RECORDS, encoding="utf-8")
    return read_experiment(path, **options)


def arm(found: Experiment, name: str) -> Arm:
    (only,) = [arm for arm in found.arms if arm.name == name]
    return only


def test_whole_experiment_and_files_beside_it_are_found(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE)
    assert found.data == (str(tmp_path / "train.jsonl"),)
    assert found.eval == (str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"))
    assert found.columns == {"label": "label"}
    assert found.score == ({"metric": "perplexity"}, {"metric": "ngram-pvi", "holdout": "none"})
    assert found.seeds == (3, 5)
    names = [
        *("plain", "easy first"),
        *("perplexity random rank s-loss", "perplexity random minmax s-loss"),
    ]
    assert [arm.name for arm in found.arms] == names
    assert arm(found, "plain").build == {"by": "perplexity", "order": "random"}
    assert arm(found, "plain").train == {"epochs": 2, "lr": 0.02}
    assert arm(found, "easy first").train == {"epochs": 2, "lr": 0.01}
    last = arm(found, "perplexity random minmax s-loss")
    assert last.build == {"by": "perplexity", "order": "random", "normalize": "minmax"}
    assert last.train == {"epochs": 2, "lr": 0.01, "weighting": "s-loss"}


def test_first_arm_is_the_baseline_unless_one_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE.replace("baseline: plain\n", ""))
    assert found.baseline == "easy first"


def test_seeds_are_counted_from_zero_and_can_be_overruled(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE.replace("[3, 5]", "3")).seeds == (0, 1, 2)
    assert read(tmp_path, WHOLE, seeds=4).seeds == (0, 1, 2, 3)


def test_seeds_that_nobody_names_can_show_that_an_arm_is_better(tmp_path: Path) -> None:
    seeds = read(tmp_path, WHOLE.replace("seeds: [3, 5]\n", "")).seeds
    assert len(seeds) == SEEDS >= seeds_needed(arms=4)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("eval: [a.jsonl, b.jsonl]\n", "", r"eval must name records to evaluate on"),
        ("data: train.jsonl\n", "", r"data must name the records to train on"),
        ("eval: [", "eval: [7, ", r":3: eval must be a file or a list of files"),
        ("baseline: plain", "baseline: plane", r":10: baseline must be one of the arms .*'plane'"),
        ("seeds: [3, 5]", "seeds: [3, 3]", r":9: seeds must be a number from 1 or a list"),
        ("seeds: [3, 5]", "seeds: 0", r":9: seeds must be .* got 0"),
        ("label: label", "labl: label", r":4: key must be one of .*did you mean 'label'"),
        ("lr: 0.02", "lr: -1", r":13: lr must be a number above 0, got -1"),
        ("order: ascending", "ordre: ascending", r":12: key must be .*did you mean 'order'"),
        ("- perplexity", "- {order: 3}", r":6: an item of score must name its metric"),
        ("metric: ngram-pvi", "metric: ngram-pvi, work: x", r":7: work must be left to the"),
        ("score:\n", "score: perplexity\nxx:\n", r":5: score must be a list"),
        ("easy first: {", "'plain ': {", r"arm must have a name of its own, got 'plain'"),
    ],
    ids=lambda value: None,
)
def test_mistakes_are_told_with_their_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in WHOLE
    with pytest.raises(HardnessError, match=message):
        read(tmp_path, WHOLE.replace(old, new))


def test_wrong_common_option_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(HardnessError) as error:
        read(tmp_path, WHOLE.replace("epochs: 2", "epochs: 0"))
    assert str(error.value).count("epochs must be") == 1


def test_experiment_without_arms_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HardnessError, match="arms must name what is compared, got none"):
        read(tmp_path, "data: a\neval: b\n")


@pytest.mark.parametrize(
    ("name", "folder"),
    [("s-loss, rank", "s-loss,-rank"), ("random, lr × 1.5", "random,-lr-1.5"), ("../x", "x")],
)
def test_folders_of_arms_are_plain_names(name: str, folder: str) -> None:
    assert folder_name(name) == folder


def test_table_is_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.hardness").mkdir()
    assert read(tmp_path, WHOLE + "table: t.hardness\n").table == str(tmp_path / "t.hardness")


def test_table_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HardnessError, match=r"table must be a folder, got 3; name one"):
        read(tmp_path, WHOLE + "table: 3\n")
