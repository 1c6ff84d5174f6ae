"""What a build needs of a hardness table: the scores of one column, and the dataset behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xxhash

from hardness.errors import HardnessError
from hardness.expression import Expression
from hardness.io.metric import full_name
from hardness.io.records import Columns
from hardness.io.score_column import ScoreColumn, read_column
from hardness.io.table import HardnessTable


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
    metric = {
        "name": info.name,
        "column": column,
        "direction": direction,
        "parameters": info.parameters,
    }
    read = read_column(info, column, dataset_rows=table.rows)
    return make_scores(table, full_name(info.name, column), metric, read)


def make_scores(
    table: HardnessTable,
    name: str,
    metric: Mapping[str, Any],
    column: ScoreColumn,
) -> Scores:
    """Scores with what the table says of its data, and what tells them from others."""
    digest = array_digest(column.rows, column.values, column.valid)
    keys = ("path", "bytes", "rows", "xxh3_128")
    return Scores(
        table=table,
        name=name,
        rows=column.rows,
        values=column.values,
        valid=column.valid,
        metric={**metric, "records": len(column.rows), "digest": digest},
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
