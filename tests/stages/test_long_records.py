"""A record of 100,000 words in mixed scripts, among short ones, through every holdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import hardness
from hardness.ngram import interpolate
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
    np.testing.assert_allclose(found["nll"], np.array([nll for nll, _ in expected]), rtol=1e-9)


class Counted:
    """An array that counts how often it is read and written."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.uses = 0

    def __getitem__(self, index: Any) -> Any:
        self.uses += 1
        return self.array[int(index)]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.uses += 1
        self.array[int(index)] = value


def _work(length: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the tables are touched to count a record's own n-grams, in Python."""
    ids = np.random.default_rng(0).integers(0, 50, size=length).astype(np.uint64)
    # As if every n-gram occurred often, so that none is known to be alone.
    order_counts = np.full((3, length), 99, dtype=np.uint32)
    table = tuple(map(Counted, interpolate._scratch(length)))
    own = np.zeros((3, length), dtype=np.int64)
    compiled = interpolate._count_own_by_table
    monkeypatch.setattr(interpolate, "_count_own_by_table", compiled.py_func)
    interpolate.count_own.py_func(ids, 0, length, order_counts, table, 0, own)
    monkeypatch.undo()
    _, counts = np.unique(ids, return_counts=True)
    assert own[0].sum() == (counts**2).sum()
    return sum(part.uses for part in table)


def test_counting_a_records_own_ngrams_is_linear_in_its_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for length in (500, 2000, 8000):
        per_ngram = _work(length, monkeypatch) / (3 * length)
        assert 1 < per_ngram < 12, length


def test_short_and_long_records_count_alike(tmp_path: Path) -> None:
    """Pairs are compared up to some length, tables used beyond it; the scores are the same."""
    path = tmp_path / "data.jsonl"
    short = [row for row in rows() if len(row["text"]) < 5000]
    path.write_text("".join(json.dumps(row) + "\n" for row in short))
    assert len(short) > 4
    table = hardness.score(path, output=tmp_path / "table").table
    expected = oracle.scores(oracle.sequences([row["text"] for row in short], "words"), 3, "record")
    found: pl.DataFrame = table.frame("perplexity").collect()
    np.testing.assert_allclose(found["nll"], np.array([nll for nll, _ in expected]), rtol=1e-9)
