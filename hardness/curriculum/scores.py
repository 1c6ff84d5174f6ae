"""What a build needs of a hardness table: the scores of one column, and the dataset behind them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import xxhash

from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.expression import Evaluated, Expression, parse
from hardness.io.metric import MetricInfo
from hardness.io.records import Columns
from hardness.io.storage import Location
from hardness.io.table import HardnessTable


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One column of a hardness table, or an expression of several."""

    table: HardnessTable
    """Where they are from."""
    name: str
    """`metric`, `metric.column` or an expression, as messages call it."""
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
    expression: Expression | None = None
    """What `name` was parsed to; None for a single column."""

    @property
    def oriented(self) -> np.ndarray:
        """(n,) f64: the scores turned so that higher is harder, NaN where undefined."""
        sign = 1.0 if self.metric["direction"] == "higher" else -1.0
        return np.where(self.valid, sign * self.values, np.nan)

    @property
    def nulls(self) -> int:
        """Number of rows whose score is undefined."""
        return int(len(self.valid) - np.count_nonzero(self.valid))

    def released(self) -> Scores:
        """The same without the arrays, once positions are decided: they need not stay in memory."""
        none = np.empty(0)
        return replace(self, rows=none, values=none, valid=none)

    @property
    def files(self) -> dict[str, int]:
        """Path to size in bytes of the dataset's files."""
        return {file["path"]: file["bytes"] for file in self.dataset["files"]}


def read_scores(table: HardnessTable, by: str | None) -> Scores:
    """Read one column of a hardness table, or evaluate an expression over several.

    Args:
        table: what `score` wrote.
        by: `metric` (its primary column), `metric.column`, or an expression of those (see
            `hardness.expression`); the only metric if None.

    Raises:
        HardnessError: no such metric or column, several metrics and none named, a column or an
            expression that has no direction or holds no numbers, a row twice, or a damaged part.
    """
    by = by or _only_metric(table)
    if by.partition(".")[0] not in table.metrics:
        expression = parse(by, table.metrics)
        if not isinstance(expression.tree, ast.Name):
            return _read_expression(table, expression)
        (by,) = expression.references
    info, column = table.resolve(by)
    name = info.name if column == info.columns[0] else f"{info.name}.{column}"
    direction = info.direction_of(column)
    rows, values, valid = _read_column(table, info, column)
    metric = {
        "name": info.name,
        "column": column,
        "direction": direction,
        "parameters": info.parameters,
        "digest": array_digest(rows, values, valid),
    }
    return _scores(table, name, metric, rows, values, valid)


def read_like(table: HardnessTable, column: str, rows: np.ndarray) -> tuple[np.ndarray, Direction]:
    """Another column for the rows at hand.

    Args:
        table: what `score` wrote.
        column: `metric` or `metric.column`.
        rows: (n,) u64, strictly increasing.

    Returns:
        (n,) f64, NaN where undefined, and the way that is harder.

    Raises:
        HardnessError: see `read_scores`.
    """
    info, chosen = table.resolve(column)
    direction = info.direction_of(chosen)
    values, valid = _aligned(*_read_column(table, info, chosen), rows)
    return np.where(valid, values, np.nan), direction


def evaluate(table: HardnessTable, expression: Expression, rows: np.ndarray) -> Evaluated:
    """An expression over a table's columns, for the rows at hand.

    Args:
        table: what `score` wrote.
        expression: over its columns.
        rows: (n,) u64, strictly increasing.

    Raises:
        HardnessError: see `read_scores`.
    """
    found = {name: table.resolve(name) for name in expression.references}
    read = {name: _aligned(*_read_column(table, *where), rows) for name, where in found.items()}
    return expression.evaluate(
        {name: values for name, (values, _) in read.items()},
        valid={name: valid for name, (_, valid) in read.items()},
        directions={name: info.directions.get(column) for name, (info, column) in found.items()},
    )


def _read_expression(table: HardnessTable, expression: Expression) -> Scores:
    """The expression of all rows that one of its columns has."""
    found = {name: table.resolve(name) for name in expression.references}
    rows = np.empty(0, dtype=np.uint64)
    for info, column in found.values():
        own = _read_column(table, info, column)[0]
        rows = own if not len(rows) else rows
        if not np.array_equal(rows, own):
            rows = np.union1d(rows, own)
    result = evaluate(table, expression, rows)
    if result.direction is None:
        raise HardnessError(
            f"by must say which way is harder, got {expression.text!r}, of which nobody can tell; "
            "put rank(...) around its columns, or around all of it if higher is harder"
        )
    metric = {
        "name": expression.text,
        "column": expression.text,
        "direction": result.direction,
        "parameters": {
            name: {"direction": info.directions.get(column), "parameters": info.parameters}
            for name, (info, column) in found.items()
        },
        "digest": array_digest(rows, result.values, result.valid),
    }
    scores = _scores(table, expression.text, metric, rows, result.values, result.valid)
    return replace(scores, expression=expression)


def _scores(
    table: HardnessTable,
    name: str,
    metric: Mapping[str, Any],
    rows: np.ndarray,
    values: np.ndarray,
    valid: np.ndarray,
) -> Scores:
    keys = ("path", "bytes", "rows", "xxh3_128")
    return Scores(
        table=table,
        name=name,
        rows=rows,
        values=values,
        valid=valid,
        metric=metric,
        dataset={
            "digest": table.digest,
            "files": [{key: file[key] for key in keys} for file in table.content["files"]],
        },
        dataset_rows=table.rows,
        columns=table.columns,
    )


def array_digest(*arrays: np.ndarray) -> str:
    """xxh3-128 of the bytes of arrays, one after the other."""
    digest = xxhash.xxh3_128()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()


def _aligned(
    have: np.ndarray, values: np.ndarray, valid: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The values of `rows` and whether they are defined; undefined where the column lacks a row."""
    if np.array_equal(have, rows):
        return values, valid
    at = np.minimum(np.searchsorted(have, rows), max(len(have) - 1, 0))
    if not len(have):
        return np.zeros(len(rows)), np.zeros(len(rows), dtype=bool)
    return values[at], valid[at] & (have[at] == rows)


def _only_metric(table: HardnessTable) -> str:
    if len(table.metrics) == 1:
        return table.metrics[0]
    if not table.metrics:
        raise HardnessError(
            f"{table.path} must hold a finished metric, got none; score the data first"
        )
    raise HardnessError(
        f"by must be one of {', '.join(table.metrics)} when a table has several metrics, got none; "
        f"add --by, for example --by {table.metrics[0]}"
    )


def _read_column(
    table: HardnessTable, info: MetricInfo, column: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) u64 rows, strictly increasing, f64 values and whether they are defined."""
    name = info.name if column == info.columns[0] else f"{info.name}.{column}"
    frame = table.column(f"{info.name}.{column}").collect()
    score = frame["value"]
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
    _require_rows(rows, table.rows, info.path)
    return rows, values, valid


def _require_rows(rows: np.ndarray, dataset_rows: int, folder: Location) -> None:
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
