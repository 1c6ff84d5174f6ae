"""What a build needs of a hardness table: the scores of one column, and the dataset behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xxhash

from hardness.errors import HardnessError
from hardness.io.atomic import read_json
from hardness.io.dataset import Dataset, open_dataset
from hardness.io.digest import file_digest
from hardness.io.records import Columns


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One column of a hardness table."""

    name: str
    """`metric` or `metric.column`, as messages call it."""
    rows: np.ndarray
    """(n,) u64, strictly increasing: the rows of the dataset that the table has."""
    values: np.ndarray
    """(n,) f64: the scores; 0 where undefined."""
    valid: np.ndarray
    """(n,) bool: whether the score is not null."""
    metric: Mapping[str, Any]
    """`name`, `column`, `direction`, `parameters`, and the `digest` of rows and scores."""
    dataset: Mapping[str, Any]
    """`digest` and `files` of the dataset that was scored."""
    dataset_rows: int
    """Number of rows of the dataset, rejected records included."""
    columns: Columns
    """Which columns hold the text, the label, the id and the group."""

    @property
    def nulls(self) -> int:
        """Number of rows whose score is undefined."""
        return int(len(self.valid) - np.count_nonzero(self.valid))

    @property
    def files(self) -> dict[str, int]:
        """Path to size in bytes of the dataset's files."""
        return {file["path"]: file["bytes"] for file in self.dataset["files"]}


def read_scores(table: str | Path, by: str | None) -> Scores:
    """Read one column of a hardness table.

    Args:
        table: the folder that `score` wrote.
        by: `metric` (its primary column) or `metric.column`; the only metric if None.

    Raises:
        HardnessError: no such table, metric or column, several metrics and none named, a row twice,
            or scores that are not numbers.
    """
    folder = Path(table)
    info = _dataset_info(folder)
    metric, column, described = _choose(folder, by)
    name = metric if column == metric else f"{metric}.{column}"
    if described["dataset"]["digest"] != info["digest"]:
        raise HardnessError(
            f"{name} must be scored on the dataset of {folder}, got scores of another one; "
            f"score {metric} again"
        )
    rows, values, valid = _read_column(folder / metric, column, name)
    _require_rows(rows, info["rows"], folder / metric)
    digest = xxhash.xxh3_128()
    for array in (rows, values, valid):
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return Scores(
        name=name,
        rows=rows,
        values=values,
        valid=valid,
        metric={
            "name": metric,
            "column": column,
            "direction": _direction(described, column),
            "parameters": described["parameters"],
            "digest": digest.hexdigest(),
        },
        dataset={"digest": info["digest"], "files": info["files"]},
        dataset_rows=info["rows"],
        columns=Columns(**{**info["columns"], "text": tuple(info["columns"]["text"])}),
    )


def open_scored_dataset(scores: Scores) -> Dataset:
    """The dataset that was scored, to be read again; records that scoring rejected are skipped.

    Raises:
        HardnessError: a file is gone or changed since it was scored.
    """
    _require_files(scores)
    columns = scores.columns
    dataset = open_dataset(
        list(scores.files),
        text=columns.text,
        label=columns.label,
        id=columns.id,
        group=columns.group,
        on_error="skip",
    )
    if dataset.digest != scores.dataset["digest"]:
        dataset.close()
        refuse_changed(scores)
        raise HardnessError(
            f"data must be as it was when it was scored, got another digest of "
            f"{', '.join(scores.files)}; score the data again"
        )
    return dataset


def refuse_changed(scores: Scores) -> None:
    """Check that every file of the dataset is as it was when it was scored.

    Raises:
        HardnessError: a file is gone or changed.
    """
    _require_files(scores)
    for file in scores.dataset["files"]:
        if file_digest(file["path"]) != file["xxh3_128"]:
            raise HardnessError(
                f"{file['path']} must be as it was when it was scored, got other contents; "
                "score the data again"
            )


def _require_files(scores: Scores) -> None:
    for path, size in scores.files.items():
        if not Path(path).is_file():
            raise HardnessError(
                f"{path} must be where it was when it was scored, got a missing file; "
                "put it back, or score the data where it is now"
            )
        if Path(path).stat().st_size != size:
            raise HardnessError(
                f"{path} must be as it was when it was scored, got {Path(path).stat().st_size} "
                f"bytes instead of {size}; score the data again"
            )


def _dataset_info(folder: Path) -> dict[str, Any]:
    path = folder / "dataset.json"
    if not path.is_file():
        raise HardnessError(
            f"table must be a folder that `hardness score` wrote, got {str(folder)!r} without "
            "dataset.json; check the path"
        )
    return read_json(path)


def _choose(folder: Path, by: str | None) -> tuple[str, str, dict[str, Any]]:
    found = {path.parent.name: read_json(path) for path in sorted(folder.glob("*/metric.json"))}
    names = ", ".join(found) or "none"
    if by is None:
        if len(found) != 1:
            raise HardnessError(
                f"by must be given when the table does not have exactly one metric, got none "
                f"beside {names}; add --by"
            )
        by = next(iter(found))
    # A metric's own name may hold a dot, so the longest name that fits is the metric.
    for metric in sorted(found, key=len, reverse=True):
        if by == metric or by.startswith(f"{metric}."):
            break
    else:
        raise HardnessError(
            f"by must be one of the table's metrics ({names}), got {by!r}; score it first or "
            "choose one of them"
        )
    columns = list(found[metric]["columns"])
    column = by[len(metric) + 1 :] or columns[0]
    if column not in columns:
        raise HardnessError(
            f"by must be {metric} or one of its columns ({', '.join(columns)}), got {by!r}; "
            "choose one of them"
        )
    return metric, column, found[metric]


def _direction(described: Mapping[str, Any], column: str) -> str:
    columns = described["columns"]
    if isinstance(columns, Mapping):
        return columns[column].get("direction") or described["direction"]
    return described["direction"]


def _read_column(folder: Path, column: str, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frame = (
        pl.scan_parquet(sorted(folder.glob("part-*.parquet")))
        .select(pl.col("row"), pl.col(column).alias("score"))
        .collect()
    )
    score = frame["score"]
    if not (score.dtype.is_numeric() or score.dtype == pl.Boolean):
        raise HardnessError(
            f"{name} must be a column of numbers to build by, got {score.dtype}; choose another"
        )
    valid = score.is_not_null().to_numpy()
    rows = frame["row"].to_numpy()
    values = score.cast(pl.Float64).fill_null(0.0).to_numpy()
    if np.any(rows[1:] < rows[:-1]):
        order = np.argsort(rows, kind="stable")
        rows, values, valid = rows[order], values[order], valid[order]
    return rows, values, valid


def _require_rows(rows: np.ndarray, dataset_rows: int, folder: Path) -> None:
    twice = np.flatnonzero(rows[1:] == rows[:-1])
    if len(twice):
        raise HardnessError(
            f"{folder} must hold every row once, got row {rows[twice[0]]} twice; score the data "
            "again"
        )
    if len(rows) and rows[-1] >= dataset_rows:
        raise HardnessError(
            f"{folder} must hold rows below {dataset_rows}, got row {rows[-1]}; score the data "
            "again"
        )
