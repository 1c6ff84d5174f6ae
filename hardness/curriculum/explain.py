"""Why a record is where it is: from its raw scores to its positions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hardness.curriculum.prepare import Prepared
from hardness.curriculum.scores import Scores
from hardness.curriculum.several import evaluate, read_like
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.expression import Expression
from hardness.normalize import normalizers


@dataclass(frozen=True, kw_only=True)
class Part:
    """A number that went into the hardness of the record."""

    name: str
    """A column, or a part of the expression as it is written."""
    value: float | None
    """Null where undefined."""
    direction: Direction | None
    """Which way is harder."""
    rank: float | None = None
    """Share of the records with a number of which this one is harder, ties counted by half; 0 is
    the easiest, 1 the hardest. Null where the value is, or nothing is harder."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """How one record came to its hardness and its positions."""

    row: int
    columns: tuple[Part, ...]
    """The columns that are built by, and those of an admission."""
    terms: tuple[Part, ...]
    """The summands of an expression; empty for a single column."""
    score: Part
    """What is built by."""
    normalize: str
    hardness: float | None
    """Null where the score is."""
    place: int | None
    """How many records of the table that have a score are easier."""
    known: int
    """How many have a score."""
    positions: tuple[int, ...]
    """Where it is trained on; empty if nowhere."""


def explain(prepared: Prepared, row: int) -> Explanation:
    """How the record `row` comes to its hardness and its positions.

    Raises:
        HardnessError: the table has no such row.
    """
    scores, keys = prepared.scores, prepared.keys
    at = int(np.searchsorted(scores.rows, row)) if row >= 0 else len(scores.rows)
    if at == len(scores.rows) or scores.rows[at] != row:
        raise HardnessError(
            f"row must be one of the table, which has {len(scores.rows):,} of the rows 0 to "
            f"{scores.dataset_rows - 1:,}, got {row}; choose another"
        )
    names = dict.fromkeys(
        [
            *(scores.expression.references if scores.expression else [scores.name]),
            *(item.column for item in prepared.curriculum.admissions),
        ]
    )
    hardness = float(keys.hardness[row])
    values = np.where(scores.valid, scores.values, np.nan)
    score = _part(scores.name, values, at, scores.metric["direction"])
    found, positions = keys.positions.find(np.array([row], dtype=np.uint64))
    harder = keys.hardness[~np.isnan(keys.hardness)]
    return Explanation(
        row=row,
        columns=tuple(
            _part(name, values, at, direction)
            for name in names
            for values, direction in [_values(scores, name)]
        ),
        terms=tuple(_terms(scores, at)),
        score=score,
        normalize=prepared.curriculum.normalize,
        hardness=None if np.isnan(hardness) else hardness,
        place=None if np.isnan(hardness) else int(np.count_nonzero(harder < hardness)),
        known=len(harder),
        positions=tuple(positions[found == 0].tolist()),
    )


def _values(scores: Scores, name: str) -> tuple[np.ndarray, Direction | None]:
    """A column for the rows at hand, NaN where undefined; columns of an expression need no way."""
    info, column = scores.table.resolve(name)
    if column in info.directions:
        return read_like(scores.table, name, scores.rows)
    return _evaluated(scores, ast.Name(id=name)), None


def _terms(scores: Scores, at: int) -> Iterator[Part]:
    """The normalised columns and the summands of an expression, in the order of its text."""
    if scores.expression is None:
        return
    tree = scores.expression.tree
    summands = list(_summands(tree, 1))
    nodes: dict[str, ast.expr] = {}
    for summand in summands:
        for node in ast.walk(summand):
            match node:  # what is normalised comes before the term that it is in
                case ast.Call(func=ast.Name(id=name)) if name in normalizers.names():
                    nodes[ast.unparse(node)] = node
        if len(summands) > 1:
            nodes[ast.unparse(summand)] = summand
    for text, node in nodes.items():
        value = float(_evaluated(scores, node)[at])
        yield Part(name=text, value=None if np.isnan(value) else value, direction=None)


def _summands(node: ast.expr, sign: int) -> Iterator[ast.expr]:
    """The terms of a sum or a difference."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield from _summands(node.left, sign)
        yield from _summands(node.right, -sign if isinstance(node.op, ast.Sub) else sign)
    else:
        yield node if sign > 0 else ast.UnaryOp(op=ast.USub(), operand=node)


def _evaluated(scores: Scores, node: ast.expr) -> np.ndarray:
    """(n,) a part of an expression, NaN where undefined."""
    called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    names = [
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and id(part) not in called
    ]
    if not names:  # a constant
        return np.full(len(scores.rows), float(ast.literal_eval(node)))
    expression = Expression(
        text=ast.unparse(node), references=tuple(dict.fromkeys(names)), tree=node
    )
    result = evaluate(scores.table, expression, scores.rows)
    return np.where(result.valid, result.values, np.nan)


def _part(name: str, values: np.ndarray, at: int, direction: Direction | None) -> Part:
    value = float(values[at])
    if np.isnan(value):
        return Part(name=name, value=None, direction=direction)
    rank = None
    if direction is not None:
        harder = values if direction == "higher" else -values
        known = harder[~np.isnan(harder)]
        below = np.count_nonzero(known < harder[at])
        ties = np.count_nonzero(known == harder[at]) - 1
        rank = (below + ties / 2) / (len(known) - 1) if len(known) > 1 else 0.5
    return Part(name=name, value=value, direction=direction, rank=rank)
