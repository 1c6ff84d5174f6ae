"""The surface of texts through the stages: against plain Python, and the same whatever runs it."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hardness
from hardness.errors import HardnessError
from hardness.metrics import metrics
from tests.ngram import oracle, test_compress, test_readability
from tests.ngram.test_diversity import mtld_one_way
from tests.stages.test_perplexity import records, write

COLUMNS = ["tokens", "characters", "ttr", "mtld", "rarity", "compression", "flesch"]


def rarity(tokens: list[str], corpus: Counter[str]) -> float | None:
    total = sum(corpus.values())
    if not total:
        return None
    size = total + len(corpus) + 1
    return -sum(math.log((corpus[token] + 1) / size) for token in tokens) / len(tokens)


def naive(texts: list[str | None], tokenizer: str, reference: list[str] | None = None) -> Any:
    """The columns' values of every record, in plain Python."""
    sequences = oracle.sequences(texts, tokenizer)
    whole = Counter(token for tokens in sequences for token in tokens)
    if reference is not None:
        whole = Counter(t for tokens in oracle.sequences(reference, tokenizer) for t in tokens)
    for text, tokens in zip(texts, sequences, strict=True):
        if not tokens or text is None:
            yield [None] * len(COLUMNS)
            continue
        corpus = whole if reference is not None else whole - Counter(tokens)
        n_types = len(set(tokens))
        both = (
            (mtld_one_way(tokens) + mtld_one_way(tokens[::-1])) / 2 if n_types < len(tokens) else 0
        )
        words, sentences, syllables = test_readability.naive(text)
        yield [
            len(tokens),
            len(text),
            n_types / len(tokens),
            both or None,
            rarity(tokens, corpus),
            test_compress.naive(text),
            206.835 - 1.015 * words / sentences - 84.6 * syllables / words if words else None,
        ]


def assert_scores(frame: pl.DataFrame, expected: list[list[float | None]]) -> None:
    for column, wanted in zip(COLUMNS, zip(*expected, strict=True), strict=True):
        got = frame[column].to_list()
        assert [value is None for value in got] == [value is None for value in wanted], column
        assert got == [v if v is None else pytest.approx(v, rel=1e-9) for v in wanted], column


@pytest.mark.parametrize("reference", [False, True], ids=["leave-one-out", "reference"])
@pytest.mark.parametrize("tokenizer", ["words", "whitespace", "chars"])
def test_scores_equal_plain_python(tmp_path: Path, tokenizer: str, reference: bool) -> None:
    rows = records(200)
    texts = [row["text"] for row in rows]
    data = write(tmp_path / "data.jsonl", rows)
    options: dict[str, Any] = {"tokenizer": tokenizer}
    others = None
    if reference:
        others = ["the dog runs in the park .", "", "日本 a a"]
        options["reference"] = (
            write(tmp_path / "others.jsonl", [{"text": text} for text in others]),
        )
    result = hardness.score(data, metric="surface", partition_bytes=4000, **options)
    assert len(result.info.content["parts"]) > 2
    frame = result.table.frame("surface").collect()
    assert frame.columns == ["row", "id", *COLUMNS]
    assert frame["id"].to_list() == [row["id"] for row in rows]
    assert_scores(frame, list(naive(texts, tokenizer, others)))
    counted = sum(len(tokens) for tokens in oracle.sequences(texts, tokenizer))
    assert result.info.content["tokens"] == counted


def test_directions_and_the_primary_column() -> None:
    surface = metrics.get("surface")
    assert [column.name for column in surface.columns] == COLUMNS
    ends = {column.name: column.harder for column in surface.columns}
    assert ends.pop("flesch") == "lower"
    assert set(ends.values()) == {"higher"}


def test_records_without_tokens_and_one_word_records(tmp_path: Path) -> None:
    texts = ["word", "", None, " \t", "word word", "日本", "!"]
    data = write(tmp_path / "data.jsonl", [{"text": text} for text in texts])
    frame = hardness.score(data, metric="surface").table.frame("surface").collect()
    assert frame["tokens"].to_list() == [1, None, None, None, 2, 1, 1]
    assert frame["mtld"].to_list() == [None, None, None, None, 2.0, None, None]
    assert [value is None for value in frame["flesch"]] == [False, *[True] * 3, False, True, True]
    for column in ("characters", "ttr", "rarity", "compression"):
        assert frame[column].null_count() == 3
    assert_scores(frame, list(naive(texts, "words")))


def test_a_lone_record_is_rare_among_nothing(tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", [{"text": "all alone"}])
    frame = hardness.score(data, metric="surface").table.frame("surface").collect()
    assert frame["rarity"].to_list() == [None]
    assert frame["tokens"].to_list() == [2]


def test_long_texts(tmp_path: Path) -> None:
    long = " ".join(f"word{i % 977} {i % 13}." for i in range(30_000))
    rows = [{"text": long}, {"text": "short ."}, {"text": long + " more"}]
    data = write(tmp_path / "data.jsonl", rows)
    frame = hardness.score(data, metric="surface").table.frame("surface").collect()
    assert_scores(frame, list(naive([row["text"] for row in rows], "words")))


@pytest.mark.parametrize("reference", [False, True], ids=["leave-one-out", "reference"])
def test_the_bits_do_not_depend_on_what_runs_it(tmp_path: Path, reference: bool) -> None:
    data = write(tmp_path / "data.jsonl", records(250))
    options: dict[str, Any] = {}
    if reference:
        options["reference"] = (write(tmp_path / "others.jsonl", records(60)),)
    frames = []
    for i, where in enumerate(
        [
            {"partition_bytes": 10**6, "threads": 1},
            {"partition_bytes": 2000, "threads": 4},
            {"partition_bytes": 5000, "threads": 2, "memory": 10**6},
            {"partition_bytes": 5000, "workers": 2},
        ][: 3 if reference else 4]
    ):
        output = tmp_path / f"table-{i}"
        table = hardness.score(data, metric="surface", output=output, **where, **options).table
        frames.append(table.frame("surface").collect().to_arrow())
    for frame in frames[1:]:
        assert frame.equals(frames[0])


def test_what_decides_the_scores_is_kept(tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", records(20))
    result = hardness.score(data, metric="surface")
    assert result.info.parameters == {"tokenizer": "words", "holdout": "record"}
    assert result.info.content["zstd"]
    assert hardness.score(data, metric="surface").cached
    with pytest.raises(HardnessError, match=r"tokenizer was words, is chars.*; pass --overwrite"):
        hardness.score(data, metric="surface", tokenizer="chars")
    with pytest.raises(HardnessError, match="tokenizer must be one of"):
        hardness.score(data, metric="surface", tokenizer="letters")


def test_bad_records_are_left_out_of_every_column(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    rows = [json.dumps({"text": text}) for text in ("a b", "b c", "c")]
    path.write_text("\n".join([rows[0], '{"text": 5}', *rows[1:]]) + "\n")
    result = hardness.score(path, metric="surface", on_error="skip")
    frame = result.table.frame("surface").collect()
    assert frame["row"].to_list() == [0, 2, 3]
    assert result.info.content["rejects"] == 1
    assert_scores(frame, list(naive(["a b", "b c", "c"], "words")))
