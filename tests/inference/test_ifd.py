"""The ifd metric: its definition, of the same tokens with and without the prompt."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean

import pytest

import hardness
from hardness.errors import HardnessError
from tests.inference.conftest import Score, records, write
from tests.inference.oracle import response_nats

FIRST = 40


def test_ratio_of_the_losses_with_and_without_the_prompt(score: Score, model: Path) -> None:
    frame = score("ifd", model=str(model))
    for row, found in zip(records(300)[:FIRST], frame.to_dicts(), strict=False):
        given = response_nats(model, row["question"] or "", row["answer"])
        alone = response_nats(model, None, row["answer"])[: len(given)]
        assert found["n_tokens"] == len(given)
        if not given:
            assert found["ifd"] is None
            assert found["alone"] is None
            continue
        assert found["conditioned"] == pytest.approx(fmean(given), rel=1e-5)
        assert found["alone"] == pytest.approx(fmean(alone), rel=1e-5)
        assert found["ifd"] == pytest.approx(fmean(given) / fmean(alone), rel=1e-5)
    assert frame["ifd"].null_count() == 2


def test_it_is_what_two_scorings_combine_to(score: Score, data: Path, model: Path) -> None:
    frame = score("ifd", model=str(model))
    score("lm", "conditioned", model=str(model), prompt="question", response="answer")
    score("lm", "alone", model=str(model), text="answer")
    folder = data.parent
    result = hardness.combine(
        {"conditioned": folder / "conditioned", "alone": folder / "alone"},
        name="ifd",
        output=folder / "combined",
    )
    combined = result.table.frame("ifd").collect()["ifd"].to_list()
    for one, two in zip(frame["ifd"].to_list(), combined, strict=True):
        assert (one is None) == (two is None)
        assert one is None or math.isclose(one, two, rel_tol=1e-5)


def test_without_a_start_token_the_first_is_scored_in_neither(
    score: Score, startless: Path
) -> None:
    frame = score("ifd", model=str(startless), prompt="question", response="answer")
    for row, found in zip(records(300)[:FIRST], frame.to_dicts(), strict=False):
        given = response_nats(startless, row["question"] or "", row["answer"])[1:]
        alone = response_nats(startless, None, row["answer"])
        assert found["n_tokens"] == len(given) == len(alone)
        if given:
            assert found["conditioned"] == pytest.approx(fmean(given), rel=1e-5)
            assert found["alone"] == pytest.approx(fmean(alone), rel=1e-5)


def test_a_response_that_is_cut_off_is_cut_off_in_both(score: Score, model: Path) -> None:
    frame = score("ifd", model=str(model), max_length=16)
    for row, found in zip(records(300)[:FIRST], frame.to_dicts(), strict=False):
        given = response_nats(model, row["question"] or "", row["answer"], length=16)
        alone = response_nats(model, None, row["answer"])[: len(given)]
        assert found["n_tokens"] == len(given)
        if given:
            assert found["ifd"] == pytest.approx(fmean(given) / fmean(alone), rel=1e-5)


def test_text_without_a_prompt_has_no_such_difficulty(tmp_path: Path, model: Path) -> None:
    data = write(tmp_path / "data.jsonl", [{"text": "the dog"}])
    with pytest.raises(HardnessError, match="ifd must have a prompt and a response, got text al"):
        hardness.score(data, metric="ifd", model=str(model))
