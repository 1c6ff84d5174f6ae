"""What a build needs of several columns of a hardness table: expressions, and further columns."""

from __future__ import annotations

import ast
from dataclasses import replace

import numpy as np

from hardness.curriculum.scores import Scores, array_digest, make_scores, read_column, read_scores
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.expression import Evaluated, Expression, parse
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
    values, valid = _aligned(*read_column(table, info, chosen), rows)
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
    read = {name: _aligned(*read_column(table, *where), rows) for name, where in found.items()}
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
        own = read_column(table, info, column)[0]
        rows = own if not len(rows) else rows
        if not np.array_equal(rows, own):
            rows = np.union1d(rows, own)
    result = evaluate(table, expression, rows)
    if result.direction is None:
        raise undirected(expression)
    metric = {
        "name": expression.text,
        "column": expression.text,
        "direction": result.direction,
        "parameters": {
            name: {"direction": info.directions.get(column), "parameters": info.parameters}
            for name, (info, column) in found.items()
        },
        "records": len(rows),
        "digest": array_digest(rows, result.values, result.valid),
    }
    scores = make_scores(table, expression.text, metric, rows, result.values, result.valid)
    return replace(scores, expression=expression)


def undirected(expression: Expression) -> HardnessError:
    """What to say of an expression of which nobody can tell which way is harder."""
    return HardnessError(
        f"by must say which way is harder, got {expression.text!r}, of which nobody can tell; "
        "put rank(...) around its columns, or around all of it if higher is harder"
    )


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
