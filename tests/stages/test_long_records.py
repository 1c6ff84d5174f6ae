"""A record of 100,000 words in mixed scripts, among short ones, through every holdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import hardness
from hardness.ngram.own_counts import count_own, own_room
from tests.ngram import oracle
from tests.ngram.test_tokenize import TEXTS

N_WORDS = 100_000


def rows() -> list[dict[str, Any]]:
    rng = np.random.default_rng(4)
    pool = sorted({word for text in TEXTS.values() for word in text.split()})
    pool += [f"w{index}" for index in range(3000)]

    def text(n: int) -> str:
        ends = rng.choice([" ", "  ", "\t", "\r\n", "\u3000"], size=n)
        return "".join(w + end for w, end in zip(rng.choice(pool, size=n), ends, strict=True))

    lengths = [30, 7, N_WORDS, 200, 65, 64, 90]
    return [{"text": text(n), "g": index // 3} for index, n in enumerate(lengths)]


@pytest.mark.parametrize("tokenizer", ["words", "whitespace"])
@pytest.mark.parametrize("holdout", ["record", "group", "none", "reference"])
def test_a_record_of_many_words_is_scored_as_the_oracle_does(
    tmp_path: Path, holdout: str, tokenizer: str
) -> None:
    data = rows()
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in data))
    tokens = oracle.sequences([row["text"] for row in data], tokenizer)
    assert len(tokens[2]) >= N_WORDS
    options: dict[str, Any] = {"tokenizer": tokenizer}
    if holdout == "reference":
        options["reference"] = (str(path),)
        expected = oracle.scores(tokens, 3, "none", reference=tokens)
    else:
        options |= {"holdout": holdout, "group": "g"}
        expected = oracle.scores(tokens, 3, holdout, groups=[row["g"] for row in data])
    table = hardness.score(path, output=tmp_path / "table", **options).table
    found = table.frame("perplexity").collect()
    assert found["n_tokens"].to_list() == [len(record) for record in tokens]
    assert found["n_oov"].to_list() == [n_oov for _, n_oov in expected]
    wanted = np.array([nll for nll, _ in expected], dtype=float)
    np.testing.assert_allclose(found["nll"].to_numpy(), wanted, rtol=1e-9)


class Counted:
    """An array that counts how often it is read and written."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.uses = 0

    def __getitem__(self, index: Any) -> Any:
        self.uses += 1
        return self.array[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.uses += 1
        self.array[index] = value


def _work(length: int) -> int:
    """How often the tables are touched to count a record's own n-grams, in Python."""
    ids = np.random.default_rng(0).integers(0, 50, size=length).astype(np.uint64)
    own, often, last, scratch = own_room(3, length)
    # As if every n-gram occurred often, so that none is known to be alone.
    often.fill(True)
    last, scratch = Counted(last), Counted(scratch.view(np.uint64).astype(object))
    count_own.py_func(ids, 0, length, own, often, last, scratch, 1)
    _, counts = np.unique(ids, return_counts=True)
    assert own[0].sum() == (counts**2).sum()
    return last.uses + scratch.uses


def test_counting_a_records_own_ngrams_is_linear_in_its_length() -> None:
    for length in (500, 2000, 8000):
        per_ngram = _work(length) / (3 * length)
        assert 1 < per_ngram < 20, length


@pytest.mark.parametrize("length", [1, 2, 3])
def test_counting_ngrams_longer_than_the_record_stays_in_its_room(length: int) -> None:
    """Python refuses what a kernel would read from beyond an array."""
    own, often, last, scratch = own_room(6, length)
    often.fill(True)
    ids = np.full(length, 7, dtype=np.uint64)
    count_own.py_func(ids, 0, length, own, often, last, scratch.view(np.uint64).astype(object), 1)
    assert own[0, :length].tolist() == [length] * length
    assert own[5, :length].tolist() == [1] * length


def test_short_and_long_records_count_alike(tmp_path: Path) -> None:
    """One table serves both, of a size of its own for each."""
    path = tmp_path / "data.jsonl"
    short = [row for row in rows() if len(row["text"]) < 5000]
    path.write_text("".join(json.dumps(row) + "\n" for row in short))
    assert len(short) > 4
    table = hardness.score(path, output=tmp_path / "table").table
    expected = oracle.scores(oracle.sequences([row["text"] for row in short], "words"), 3, "record")
    found: pl.DataFrame = table.frame("perplexity").collect()
    wanted = np.array([nll for nll, _ in expected], dtype=float)
    np.testing.assert_allclose(found["nll"].to_numpy(), wanted, rtol=1e-9)
