"""What a build needs of a hardness table: the scores of one column, and the dataset behind them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from hardness.curriculum.manifest import ROW
from hardness.errors import HardnessError
from hardness.expression import Expression
from hardness.io.arrow import to_numpy
from hardness.io.metric import MetricInfo
from hardness.io.records import Columns
from hardness.io.storage import Location, open_parquet
from hardness.io.table import HardnessTable
from hardness.memory import give_back

PARTS_AT_A_TIME = 4
"""Parts of a table that are in memory at once, besides what is kept of them."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One column of a hardness table, or an expression over several."""

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
    """`name`, `column`, `direction`, `parameters`, the number of `records` that have been scored,
    null or not, and the `digest` of rows and scores."""
    dataset: Mapping[str, Any]
    """`digest` and `files` of the dataset that was scored."""
    dataset_rows: int
    """Number of rows of the dataset, rejected records included."""
    columns: Columns
    """Which columns hold the text, the label, the id and the group."""
    expression: Expression | None = None
    """What `name` was parsed to; None for a single column."""

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
    """Read one column of a hardness table.

    Args:
        table: what `score` wrote.
        by: `metric` (its primary column) or `metric.column`; the only metric if None.

    Raises:
        HardnessError: no such metric or column, several metrics and none named, a column that has
            no direction or holds no numbers, a row twice or missing, or a damaged part.
    """
    info, column = table.resolve(by or _only_metric(table))
    direction = info.direction_of(column)
    rows, values, valid = read_column(table, info, column)
    metric = {
        "name": info.name,
        "column": column,
        "direction": direction,
        "parameters": info.parameters,
        "records": len(rows),
        "digest": array_digest(rows, values, valid),
    }
    return make_scores(table, full_name(info, column), metric, rows, values, valid)


def make_scores(
    table: HardnessTable,
    name: str,
    metric: Mapping[str, Any],
    rows: np.ndarray,
    values: np.ndarray,
    valid: np.ndarray,
) -> Scores:
    """Scores with what the table says of its data."""
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


def full_name(info: MetricInfo, column: str) -> str:
    """The metric's name for its primary column, else `metric.column`."""
    return info.name if column == info.columns[0] else f"{info.name}.{column}"


def array_digest(*arrays: np.ndarray) -> str:
    """xxh3-128 of the bytes of arrays, one after the other."""
    digest = xxhash.xxh3_128()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()


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


def read_column(
    table: HardnessTable, info: MetricInfo, column: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) u64 rows, strictly increasing, f64 values (0 where undefined), and whether they are
    defined; read into place a few parts at a time.

    Raises:
        HardnessError: no numbers, a row twice or missing, or a damaged part.
    """
    name = full_name(info, column)
    ends = np.cumsum([0, *(part.get("rows", 0) for part in info.content["parts"])]).tolist()
    if ends[-1] != info.rows:
        raise HardnessError(
            f"{info.path} must hold {info.rows} rows, got {ends[-1]} in its parts; score the data "
            "again"
        )
    rows = np.empty(info.rows, dtype=np.uint64)
    values = np.empty(info.rows)
    valid = np.empty(info.rows, dtype=bool)

    def read(path: Location, place: slice) -> None:
        part = _read_part(path, column, info.path)
        if part.num_rows != place.stop - place.start:
            raise HardnessError(
                f"{path} must hold {place.stop - place.start} rows, got {part.num_rows}; "
                "score the data again"
            )
        score = _numbers(part.column(1), name)
        rows[place] = to_numpy(part.column(0))
        valid[place] = to_numpy(score.is_valid().cast(pa.uint8()))
        values[place] = to_numpy(score)
        values[place][~valid[place]] = 0.0

    with ThreadPoolExecutor(PARTS_AT_A_TIME) as pool:
        places = [slice(start, stop) for start, stop in pairwise(ends)]
        list(pool.map(read, info.parts(), places))
    give_back()  # much of what is kept is never needed again
    if np.any(rows[1:] < rows[:-1]):
        order = np.argsort(rows, kind="stable")
        rows, values, valid = rows[order], values[order], valid[order]
    _require_rows(rows, table.rows, info.path)
    return rows, values, valid


def _read_part(path: Location, column: str, folder: Location) -> pa.Table:
    try:
        with open_parquet(path) as file:
            return file.read([ROW, column]).select([ROW, column])
    except (pa.ArrowException, OSError) as error:
        raise HardnessError(
            f"{path} must be a complete Parquet file, got {str(error).splitlines()[0]!r}; "
            f"delete {folder} and score again"
        ) from error


def _numbers(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kind = column.type
    checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    if not any(check(kind) for check in checks):
        raise HardnessError(
            f"{name} must be a column of numbers to build by, got {kind}; choose another"
        )
    return column.cast(pa.float64(), safe=False)


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
