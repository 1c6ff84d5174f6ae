"""What a build needs of several columns of a hardness table: expressions, and further columns."""

from __future__ import annotations

import ast
from dataclasses import replace

import numpy as np

from hardness.curriculum.scores import Scores, make_scores, read_scores
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.expression import Evaluated, Expression, parse
from hardness.expression.over_columns import evaluate_columns
from hardness.io.score_column import ScoreColumn, read_column
from hardness.io.table import HardnessTable


def read_by(table: HardnessTable, by: str | None) -> Scores:
    """Read one column of a hardness table, or evaluate an expression over several.

    Args:
        table: what `score` wrote.
        by: `metric` (its primary column), `metric.column`, or an expression of those (see
            `hardness.expression`); the only metric if None.

    Raises:
        HardnessError: see `read_scores`; what is no expression, or one that has no direction.
    """
    name, _, column = (by or "").partition(".")
    if by is None or (name in table.metrics and column in ("", *table.metric(name).columns)):
        return read_scores(table, by)
    expression = parse(by, table.metrics, option="by")
    if isinstance(expression.tree, ast.Name):
        return read_scores(table, expression.references[0])
    return _read_expression(table, expression)


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
    found = read_column(info, chosen, dataset_rows=table.rows).at(rows)
    return np.where(found.valid, found.values, np.nan), direction


def evaluate(table: HardnessTable, expression: Expression, rows: np.ndarray) -> Evaluated:
    """An expression over a table's columns, for the rows at hand.

    Args:
        table: what `score` wrote.
        expression: over its columns.
        rows: (n,) u64, strictly increasing.

    Raises:
        HardnessError: see `read_scores`.
    """
    columns = {name: table.resolve(name) for name in expression.references}
    return evaluate_columns(expression, columns, dataset_rows=table.rows, rows=rows)[1]


def _read_expression(table: HardnessTable, expression: Expression) -> Scores:
    """The expression of all rows that one of its columns has."""
    columns = {name: table.resolve(name) for name in expression.references}
    rows, result = evaluate_columns(expression, columns, dataset_rows=table.rows)
    if result.direction is None:
        raise undirected(expression)
    metric = {
        "name": expression.text,
        "column": expression.text,
        "direction": result.direction,
        "parameters": {
            name: {"direction": info.directions.get(column), "parameters": info.parameters}
            for name, (info, column) in columns.items()
        },
    }
    column = ScoreColumn(rows=rows, values=result.values, valid=result.valid)
    scores = make_scores(table, expression.text, metric, column)
    return replace(scores, expression=expression)


def undirected(expression: Expression) -> HardnessError:
    """What to say of an expression of which nobody can tell which way is harder."""
    return HardnessError(
        f"by must say which way is harder, got {expression.text!r}, of which nobody can tell; "
        "put rank(...) around its columns, or around all of it if higher is harder"
    )
