"""`hardness lm` as a user meets it: what it prints, its exit codes, `--prune` as lmplz takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardness.cli.prune import joined_prune, parse_prune
from hardness.errors import HardnessError
from tests.cli.test_score import hardness
from tests.ngram import kneser_ney_oracle as oracle
from tests.stages.test_model import LINES


@pytest.mark.parametrize(
    ("args", "joined"),
    [
        (["a", "--prune", "0", "1", "1", "-o", "b"], ["a", "--prune", "0,1,1", "-o", "b"]),
        (["--prune", "0", "1", "data.jsonl"], ["--prune", "0,1", "data.jsonl"]),
        (["a", "--prune", "0,1,1"], ["a", "--prune", "0,1,1"]),
        (["a", "--prune", "0 1", "b"], ["a", "--prune", "0 1", "b"]),
        (["a", "--prune"], ["a", "--prune"]),
        (["a", "0", "1"], ["a", "0", "1"]),
    ],
)
def test_numbers_after_prune_are_its_own(args: list[str], joined: list[str]) -> None:
    assert joined_prune(args) == joined


@pytest.mark.parametrize("text", ["0,1,1", "0 1 1", "0, 1, 1"])
def test_prune_is_parted_by_commas_or_spaces(text: str) -> None:
    assert parse_prune(text) == (0, 1, 1)


@pytest.mark.parametrize("text", ["", "x", "0 -1", "0.5"])
def test_prune_of_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(HardnessError, match="prune must be whole numbers from 0, got"):
        parse_prune(text)


def test_lm_writes_a_model_and_says_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text(LINES)
    options = ["--order", "3", "--prune", "0", "1", "2", "--tokenizer", "whitespace"]
    done = hardness("lm", "data.txt", "-o", "lm.arpa", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    model = oracle.estimate([line.split() for line in LINES.splitlines()], 3, (0, 1, 2))
    oracle.assert_same(oracle.read_arpa(tmp_path / "lm.arpa"), model.arpa, 1e-6)
    printed = [line.split() for line in done.stdout.splitlines()]
    for order, (ngrams, amounts) in enumerate(zip(model.arpa, model.discounts, strict=True), 1):
        assert [str(order), str(len(ngrams)), *(f"{amount:.4f}" for amount in amounts)] in printed
    assert "WARNING: the discounts of order" in done.stderr
    n_records = sum(bool(line.split()) for line in LINES.splitlines())
    assert f"lm.arpa: {len(LINES.split())} tokens of {n_records} records in" in done.stdout


def test_lm_refuses_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text(LINES)
    done = hardness("lm", "data.txt", "-o", "lm.arpa", "--order", "9", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: order must be 2 to 5, got 9; 3 is usual\n"


def test_a_model_made_is_a_model_scored_under(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text(LINES)
    assert hardness("lm", "data.txt", "-o", "lm.arpa", cwd=tmp_path).returncode == 0
    options = ["--metric", "kenlm", "--model", "lm.arpa"]
    done = hardness("score", "data.txt", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "records scored" in done.stdout


def test_metrics_say_that_kenlm_is_in_sample_without_a_model(tmp_path: Path) -> None:
    done = hardness("metrics", cwd=tmp_path)
    assert "in-sample" in done.stdout
    assert "--model" in done.stdout
