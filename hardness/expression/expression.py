"""An expression over the columns of tables, and its value for every record.

Legend: n records.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hardness.direction import Direction
from hardness.expression.functions import functions
from hardness.expression.operand import (
    Operand,
    add,
    divide,
    multiply,
    negative,
    number,
    power,
    subtract,
)

OPERATORS: dict[type[ast.operator], Callable[[Operand, Operand], Operand]] = {
    ast.Add: add,
    ast.Sub: subtract,
    ast.Mult: multiply,
    ast.Div: divide,
    ast.Pow: power,
}
"""What stands between two operands."""


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What an expression gives for every record."""

    values: np.ndarray
    """(n,) f64; 0 where undefined."""
    valid: np.ndarray
    """(n,) bool: whether it is defined."""
    direction: Direction | None
    """Which way is harder, where the directions of the columns tell: that of a rank is `higher`,
    that of a sum the one that its terms share; None for a difference of two scores alike."""
    undefined: int
    """Records of which every column is defined and the result is not: a division by 0, say."""


@dataclass(frozen=True, kw_only=True)
class Expression:
    """What `hardness.expression.parse` makes of a text."""

    text: str
    """As it was written."""
    references: tuple[str, ...]
    """The columns that it names, each once, in order, without backticks."""
    tree: ast.expr = field(repr=False, compare=False)
    """Numbers, operators, calls of functions, and names, which are references."""

    def evaluate(
        self,
        columns: Mapping[str, np.ndarray],
        *,
        valid: Mapping[str, np.ndarray] | None = None,
        directions: Mapping[str, Direction | None] | None = None,
    ) -> Evaluated:
        """The expression of every record.

        A record is undefined where a column that its value needs is, and where the value is not a
        finite number. `rank`, `minmax` and `zscore` are over the records that are defined.

        Args:
            columns: reference to (n,) numbers; anything where undefined.
            valid: reference to (n,) bool, whether the number is defined; all are where left out.
            directions: reference to the way that is harder; None, or left out, where it has none.

        Raises:
            HardnessError: `minmax` or `zscore` of something infinite.
        """
        operands = {
            name: Operand(
                values=np.asarray(columns[name], dtype=np.float64),
                valid=_mask(valid, name, len(columns[name])),
                direction=(directions or {}).get(name),
            )
            for name in self.references
        }
        result = _operand(self.tree, operands)
        given = np.logical_and.reduce([operand.valid for operand in operands.values()])
        # Constants are the same for every record; columns may be infinite.
        defined = np.broadcast_to(result.valid & np.isfinite(result.values), given.shape)
        return Evaluated(
            values=np.where(defined, result.values, 0.0),
            valid=defined.copy(),
            direction=result.direction,
            undefined=int(np.count_nonzero(given & ~defined)),
        )

    def direction(self, directions: Mapping[str, Direction | None]) -> Direction | None:
        """Which way is harder, without a look at any record; see `Evaluated.direction`.

        Args:
            directions: as in `evaluate`.
        """
        nothing, none = np.zeros(1), np.zeros(1, dtype=bool)
        return self.evaluate(
            dict.fromkeys(self.references, nothing),
            valid=dict.fromkeys(self.references, none),
            directions=directions,
        ).direction


def _operand(node: ast.expr, operands: Mapping[str, Operand]) -> Operand:
    match node:
        case ast.Constant(value=int() | float() as value):
            return number(value)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return negative(_operand(inner, operands))
        case ast.BinOp(left=left, op=sign, right=right):
            return OPERATORS[type(sign)](_operand(left, operands), _operand(right, operands))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            found = [_operand(argument, operands) for argument in arguments]
            return functions.get(name).apply(found)
        case ast.Name(id=name):
            return operands[name]
    raise AssertionError(f"not of an expression: {ast.dump(node)}")


def _mask(valid: Mapping[str, np.ndarray] | None, name: str, count: int) -> np.ndarray:
    if valid is None or name not in valid:
        return np.ones(count, dtype=bool)
    return np.asarray(valid[name], dtype=bool)
