"""Choosing and reading the column that a build goes by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from hardness.curriculum.scores import read_scores
from hardness.errors import HardnessError
from hardness.io.score_column import PARTS_AT_A_TIME
from tests.curriculum.scored import records, score, write_jsonl


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "data.jsonl", records(4))


def test_the_only_metric_is_the_default(data: Path, tmp_path: Path) -> None:
    scores = read_scores(score(data, tmp_path / "t", [3, None, 1, 2]), None)
    assert scores.name == "perplexity"
    assert scores.rows.tolist() == [0, 1, 2, 3]
    assert scores.valid.tolist() == [True, False, True, True]
    assert scores.values[scores.valid].tolist() == [3, 1, 2]
    assert (scores.nulls, scores.dataset_rows) == (1, 4)
    assert scores.metric["direction"] == "higher"
    assert scores.metric["parameters"] == {"order": 3}


def test_another_column_brings_its_own_direction(data: Path, tmp_path: Path) -> None:
    more = {"confidence": ([0.5, 0.25, 1.0, 0.0], "lower"), "name": (list("abcd"), None)}
    table = score(data, tmp_path / "t", [1, 2, 3, 4], more=more)
    scores = read_scores(table, "perplexity.confidence")
    assert (scores.name, scores.metric["column"]) == ("perplexity.confidence", "confidence")
    assert scores.metric["direction"] == "lower"
    assert scores.values.tolist() == [0.5, 0.25, 1, 0]
    assert read_scores(table, "perplexity.perplexity").name == "perplexity"
    with pytest.raises(HardnessError, match="got 'name', which has no direction"):
        read_scores(table, "perplexity.name")
    with pytest.raises(HardnessError, match=r"perplexity.confidence.*got 'perplexity.nope'"):
        read_scores(table, "perplexity.nope")


def test_several_metrics_are_listed(data: Path, tmp_path: Path) -> None:
    table = score(data, tmp_path / "t", [1, 2, 3, 4])
    score(data, tmp_path / "t", [4, 3, 2, 1], metric="length")
    with pytest.raises(
        HardnessError, match=r"by must be one of length, perplexity when .* several"
    ):
        read_scores(table, None)
    with pytest.raises(HardnessError, match=r"metric must be one of length, perplexity .*'speed'"):
        read_scores(table, "speed")
    assert read_scores(table, "length").values.tolist() == [4, 3, 2, 1]


def test_the_digest_follows_the_scores(data: Path, tmp_path: Path) -> None:
    def digest(name: str, scores: list[float | None]) -> str:
        return read_scores(score(data, tmp_path / name, scores), None).metric["digest"]

    first = digest("a", [1, 2, 3, 0])
    assert digest("b", [1, 2, 3, 0]) == first
    assert digest("c", [1, 2, 3, None]) != first
    assert digest("d", [1, 2, 0, 3]) != first


def test_a_row_twice_is_refused(data: Path, tmp_path: Path) -> None:
    table = score(data, tmp_path / "t", [1, 2, 3, 4])
    part = tmp_path / "t" / "perplexity" / "part-00000.parquet"
    frame = pl.read_parquet(part).with_columns(row=pl.Series([0, 2, 2, 3], dtype=pl.UInt64))
    _replace_part(part, frame)
    with pytest.raises(HardnessError, match="must hold every row once, got row 2 twice"):
        read_scores(table, None)


def test_a_row_beyond_the_data_is_refused(data: Path, tmp_path: Path) -> None:
    table = score(data, tmp_path / "t", [1, 2, 3, 4])
    part = tmp_path / "t" / "perplexity" / "part-00000.parquet"
    frame = pl.read_parquet(part).with_columns(row=pl.Series([0, 1, 2, 4], dtype=pl.UInt64))
    _replace_part(part, frame)
    with pytest.raises(HardnessError, match="must hold rows below 4, got row 4"):
        read_scores(table, None)


@pytest.mark.parametrize("rows", [[0, 1, 3], [0, 1, 2, 3, 4]], ids=["missing", "added"])
def test_a_row_missing_or_added_is_refused(data: Path, tmp_path: Path, rows: list[int]) -> None:
    table = score(data, tmp_path / "t", [1, 2, 3, 4])
    part = tmp_path / "t" / "perplexity" / "part-00000.parquet"
    frame = pl.DataFrame({"row": rows, "perplexity": [1.0] * len(rows)})
    _replace_part(part, frame.cast({"row": pl.UInt64}))
    with pytest.raises(HardnessError, match=f"must hold 4 rows, got {len(rows)}; score the data"):
        read_scores(table, None)


@pytest.mark.parametrize(
    ("change", "got"),
    [
        ({"rows": 3}, 4),
        ({"rows": 5}, 4),
        ({"parts": []}, 0),
    ],
    ids=["fewer", "more", "none"],
)
def test_a_number_of_rows_that_is_not_that_of_the_parts_is_refused(
    data: Path, tmp_path: Path, change: dict[str, Any], got: int
) -> None:
    table = score(data, tmp_path / "t", [1, 2, 3, 4])
    metric = tmp_path / "t" / "perplexity" / "metric.json"
    content = json.loads(metric.read_text()) | change
    metric.write_text(json.dumps(content))
    told = rf"must hold {content['rows']} rows, got {got} in its parts; score the data again"
    with pytest.raises(HardnessError, match=told):
        read_scores(table, None)


def test_a_part_that_is_no_parquet_is_named(data: Path, tmp_path: Path) -> None:
    table = score(data, tmp_path / "t", [1, 2, 3, 4])
    part = tmp_path / "t" / "perplexity" / "part-00000.parquet"
    part.write_bytes(bytes(part.stat().st_size))
    with pytest.raises(HardnessError, match=r"part-00000.parquet must be a complete Parquet file"):
        read_scores(table, None)


def test_numbers_of_any_kind_are_read_across_parts(tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", records(40))
    more = {
        "whole": ([row % 7 for row in range(40)], "higher"),
        "yes": ([None if row == 3 else row % 2 == 0 for row in range(40)], "higher"),
    }
    ones = [float(row) for row in range(40)]
    table = score(data, tmp_path / "t", ones, more=more, partition_bytes=200)
    assert len(list((tmp_path / "t" / "perplexity").glob("part-*"))) > PARTS_AT_A_TIME
    assert read_scores(table, "perplexity").values.tolist() == ones
    assert read_scores(table, "perplexity.whole").values.tolist() == more["whole"][0]
    found = read_scores(table, "perplexity.yes")
    assert np.flatnonzero(~found.valid).tolist() == [3]
    assert found.values[found.valid].tolist() == [float(v) for v in more["yes"][0] if v is not None]


def test_scores_that_are_not_numbers_are_refused(data: Path, tmp_path: Path) -> None:
    more = {"word": (["a", "b", "c", "d"], "higher")}
    table = score(data, tmp_path / "t", [1, 2, 3, 4], more=more)
    with pytest.raises(HardnessError, match=r"perplexity.word must be a column of numbers"):
        read_scores(table, "perplexity.word")


def test_a_table_without_a_metric_is_refused(data: Path, tmp_path: Path) -> None:
    table = score(data, tmp_path / "t", [1, 2, 3, 4])
    (tmp_path / "t" / "perplexity" / "metric.json").unlink()
    with pytest.raises(HardnessError, match="must hold a finished metric, got none"):
        read_scores(table, None)


def _replace_part(part: Path, frame: pl.DataFrame) -> None:
    """Put other rows into a part and tell metric.json its new size."""
    metric = part.with_name("metric.json")
    old = part.stat().st_size
    frame.write_parquet(part)
    content = metric.read_text()
    metric.write_text(content.replace(f'"bytes": {old}', f'"bytes": {part.stat().st_size}'))
