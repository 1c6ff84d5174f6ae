"""Importance weights over hashed n-grams against dictionaries, and the same whatever runs it."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import hardness
from hardness.errors import HardnessError
from hardness.ngram.buckets import log_ratios
from tests.ngram import oracle
from tests.ngram.test_tokenize import token_hash
from tests.stages.test_perplexity import records, write

_MASK = (1 << 64) - 1


def finish(state: int) -> int:
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


def bucket(ngram: tuple[str, ...], n_buckets: int) -> int:
    key = token_hash(ngram[0])
    for token in ngram[1:]:
        rotated = ((key << 23) | (key >> 41)) & _MASK
        key = finish((rotated * 0x9E3779B97F4A7C15 + token_hash(token)) & _MASK)
    return key % n_buckets


def bag(tokens: list[str], order: int, n_buckets: int) -> Counter[int]:
    return Counter(
        bucket(tuple(tokens[i : i + n]), n_buckets)
        for n in range(1, order + 1)
        for i in range(len(tokens) - n + 1)
    )


def naive(data: list[Any], target: list[Any], order: int, n_buckets: int) -> list[Any]:
    bags = [bag(tokens, order, n_buckets) for tokens in data]
    raw = sum(bags, Counter())
    wanted = sum((bag(tokens, order, n_buckets) for tokens in target), Counter())

    def weight(b: int) -> float:
        likelier = (wanted[b] + 1) / (wanted.total() + n_buckets)
        return math.log(likelier / ((raw[b] + 1) / (raw.total() + n_buckets)))

    return [sum(weight(b) * n for b, n in own.items()) if own else None for own in bags]


def score(data: str, target: str, **options: Any) -> pl.DataFrame:
    table = hardness.score(data, metric="dsir", reference=(target,), **options).table
    return table.frame("dsir").collect()


@pytest.mark.parametrize(
    ("order", "n_buckets", "tokenizer"),
    [(2, 10_000, "words"), (1, 7, "whitespace"), (3, 64, "words")],
)
def test_weights_equal_plain_python(
    tmp_path: Path, order: int, n_buckets: int, tokenizer: str
) -> None:
    rows = records(150)
    data, target = write(tmp_path / "data.jsonl", rows), write(tmp_path / "t.jsonl", rows[100:130])
    frame = score(
        data, target, order=order, buckets=n_buckets, tokenizer=tokenizer, partition_bytes=3000
    )
    tokens = oracle.sequences([row["text"] for row in rows], tokenizer)
    expected = naive(tokens, tokens[100:130], order, n_buckets)
    n_ngrams = [sum(max(len(t) - n + 1, 0) for n in range(1, order + 1)) for t in tokens]
    assert frame["n_ngrams"].to_list() == n_ngrams
    close = [v if v is None else pytest.approx(v, rel=1e-9, abs=1e-9) for v in expected]
    assert frame["log_weight"].to_list() == close
    mean = [None if v is None else v / n for v, n in zip(expected, n_ngrams, strict=True)]
    close = [v if v is None else pytest.approx(v, rel=1e-9, abs=1e-9) for v in mean]
    assert frame["per_ngram"].to_list() == close


def test_golden_log_ratios() -> None:
    # Two buckets: (3 + 1) / (4 + 2) against (1 + 1) / (4 + 2), and (1 + 1) / 6 against (3 + 1) / 6.
    got = log_ratios(np.array([3, 1]), np.array([1, 3]))
    np.testing.assert_allclose(got, [math.log(2), -math.log(2)])


def test_texts_like_the_target_weigh_more(tmp_path: Path) -> None:
    like, unlike = "the dog sleeps in the park", "stock prices fell on monday"
    data = write(tmp_path / "data.jsonl", [{"text": like}, {"text": unlike}, {"text": ""}])
    target = write(tmp_path / "target.jsonl", [{"text": "the cat sleeps in the park"}])
    table = hardness.score(data, metric="dsir", reference=(target,)).table
    values = table.frame("dsir").collect()["log_weight"].to_list()
    assert values[0] > values[1]
    assert values[2] is None
    assert table.metric("dsir").directions == {"log_weight": "lower", "per_ngram": "lower"}


def test_the_bits_do_not_depend_on_what_runs_it(tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", records(200))
    target = write(tmp_path / "target.jsonl", records(50))
    frames = [
        score(data, target, output=tmp_path / f"t{i}", **where).to_arrow()
        for i, where in enumerate(
            [
                {"threads": 1},
                {"partition_bytes": 2000, "threads": 4},
                {"partition_bytes": 4000, "memory": 10**6, "workers": 2},
            ]
        )
    ]
    assert all(frame.equals(frames[0]) for frame in frames[1:])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": ()}, "reference must be text like that which is wanted for metric dsir"),
        ({"order": 6}, "order must be 1 to 5, got 6; 2 is usual"),
        ({"buckets": 1}, "buckets must be 2 to 10,000,000, got 1; 10000 is usual"),
        ({"tokenizer": "letters"}, "tokenizer must be one of"),
        ({"reference": ("nope.txt",)}, "reference must be an existing file, got 'nope.txt'"),
    ],
    ids=["no target", "order", "buckets", "tokenizer", "missing target"],
)
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    data = write(tmp_path / "data.jsonl", records(20))
    with pytest.raises(HardnessError, match=message):
        hardness.score(data, metric="dsir", **(dict[str, Any](reference=(data,)) | options))
