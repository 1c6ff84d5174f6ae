"""An expression over columns of finished metrics, which need not have the same rows.

Legend: n records.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hardness.expression.expression import Evaluated, Expression
from hardness.io.metric import MetricInfo
from hardness.io.score_column import ScoreColumn, read_column


def evaluate_columns(
    expression: Expression,
    columns: Mapping[str, tuple[MetricInfo, str]],
    *,
    dataset_rows: int,
    rows: np.ndarray | None = None,
) -> tuple[np.ndarray, Evaluated]:
    """The expression of every record.

    Args:
        expression: over these columns.
        columns: each of its references to a metric and the name of one of its columns.
        dataset_rows: number of rows of the dataset.
        rows: (n,) u64, strictly increasing, the records wanted; all that any column has if None.

    Returns:
        (n,) u64 rows, and the values.

    Raises:
        HardnessError: see `hardness.io.score_column.read_column` and `Expression.evaluate`.
    """
    found: dict[str, ScoreColumn] = {}
    every = rows
    for name, (info, column) in columns.items():
        read = read_column(info, column, dataset_rows=dataset_rows, name=name)
        if every is None:
            every = read.rows
        if np.array_equal(every, read.rows):
            read = read.at(every)  # one array of rows for all columns that have the same
        elif rows is None:
            every = np.union1d(every, read.rows)
        found[name] = read
    assert every is not None, expression.text
    aligned = {name: column.at(every) for name, column in found.items()}
    del found
    result = expression.evaluate(
        {name: column.values for name, column in aligned.items()},
        valid={name: column.valid for name, column in aligned.items()},
        directions={name: info.directions.get(column) for name, (info, column) in columns.items()},
    )
    return every, result
