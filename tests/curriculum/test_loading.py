"""Shards in other people's readers, as they are: nested columns, nulls and repeated records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from hardness.curriculum.build import build
from hardness.curriculum.orders import orders
from tests.curriculum.scored import records, score, write_jsonl

N = 40
COLUMNS = ["id", "text", "label", "extra", "row", "hardness", "position", "weight"]


def twice(hardness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.concatenate((np.argsort(hardness, kind="stable"), rng.permutation(len(hardness))))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Five shards in which every record that has a score comes twice."""
    monkeypatch.setitem(orders._items, "twice", twice)
    data = write_jsonl(tmp_path / "data.jsonl", records(N))
    scores: list[float | None] = [None if row == 7 else float(row % 11) for row in range(N)]
    table = score(data, tmp_path / "t", scores).path
    options: dict[str, Any] = {"order": "twice", "nulls": "first", "weighting": "s-loss"}
    build(table, shard_rows=16, output=tmp_path / "s", **options)
    return [str(path) for path in sorted((tmp_path / "s").glob("shard-*.parquet"))]


def with_pyarrow(files: list[str], folder: Path) -> list[dict[str, Any]]:
    return [record for file in files for record in pq.ParquetFile(file).read().to_pylist()]


def with_pyarrow_dataset(files: list[str], folder: Path) -> list[dict[str, Any]]:
    return ds.dataset(files).to_table().to_pylist()


def with_polars(files: list[str], folder: Path) -> list[dict[str, Any]]:
    return pl.scan_parquet(files).collect().to_dicts()


def with_datasets(files: list[str], folder: Path) -> list[dict[str, Any]]:
    datasets = pytest.importorskip("datasets")
    cache = str(folder / "cache")
    return datasets.load_dataset(
        "parquet", data_files=files, split="train", cache_dir=cache
    ).to_list()


def with_datasets_streaming(files: list[str], folder: Path) -> list[dict[str, Any]]:
    datasets = pytest.importorskip("datasets")
    cache = str(folder / "cache")
    return list(
        datasets.load_dataset(
            "parquet", data_files=files, split="train", streaming=True, cache_dir=cache
        )
    )


def with_pandas(files: list[str], folder: Path) -> list[dict[str, Any]]:
    pd = pytest.importorskip("pandas")
    frame = pd.concat([pd.read_parquet(file, dtype_backend="pyarrow") for file in files])
    return [
        {name: None if value is pd.NA else value for name, value in record.items()}
        for record in frame.to_dict("records")
    ]


def with_duckdb(files: list[str], folder: Path) -> list[dict[str, Any]]:
    duckdb = pytest.importorskip("duckdb")
    found = duckdb.sql(f"select * from read_parquet({files!r}) order by position")
    return [dict(zip(found.columns, record, strict=True)) for record in found.fetchall()]


@pytest.mark.parametrize(
    "load",
    [
        with_pyarrow,
        with_pyarrow_dataset,
        with_polars,
        with_datasets,
        with_datasets_streaming,
        with_pandas,
        with_duckdb,
    ],
    ids=lambda load: load.__name__,
)
def test_readers_find_every_record_at_its_position(
    files: list[str], tmp_path: Path, load: Callable[[list[str], Path], list[dict[str, Any]]]
) -> None:
    found = load(files, tmp_path)
    assert len(files) == 5
    assert [list(record) for record in found] == [COLUMNS] * (2 * N - 1)
    assert [record["position"] for record in found] == list(range(2 * N - 1))
    original = records(N)
    for record in found:
        expected = original[record["row"]]
        assert {name: record[name] for name in expected} == expected
    assert [record["hardness"] for record in found if record["row"] == 7] == [None]
    assert [record["hardness"] for record in found[1:N]] == sorted(
        record["hardness"] for record in found[1:N]
    )
    assert sorted(record["row"] for record in found[N:]) == [row for row in range(N) if row != 7]
    assert found[0]["weight"] == 1
