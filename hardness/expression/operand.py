"""Numbers that may be undefined, and what arithmetic does to them and to their direction.

Legend: n records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hardness.direction import Direction


@dataclass(frozen=True, kw_only=True)
class Operand:
    """A column, a constant, or what was made of them."""

    values: np.ndarray
    """(n,) f64, or () where it is the same for every record; anything where undefined."""
    valid: np.ndarray
    """(n,) or () bool: whether it is defined."""
    direction: Direction | None = None
    """Which way is harder; None where it says nothing of hardness, or nobody can tell."""

    @property
    def constant(self) -> bool:
        """Whether it is the same for every record."""
        return self.values.ndim == 0


def number(value: float) -> Operand:
    """A constant."""
    return Operand(values=np.asarray(value, dtype=np.float64), valid=np.asarray(True))


def apply(
    function: Callable[..., np.ndarray],
    operands: Sequence[Operand],
    direction: Direction | None = None,
) -> Operand:
    """The function of the values, undefined where one of them is or the result is not finite."""
    with np.errstate(all="ignore"):
        values = np.asarray(function(*(operand.values for operand in operands)), np.float64)
    valid = np.isfinite(values)
    for operand in operands:
        valid = valid & operand.valid
    return Operand(values=values, valid=np.asarray(valid), direction=direction)


def flipped(direction: Direction | None) -> Direction | None:
    """The other direction."""
    if direction is None:
        return None
    return "lower" if direction == "higher" else "higher"


def shared(operands: Sequence[Operand]) -> Direction | None:
    """The direction that all but the constants have; None where they differ."""
    found: list[Direction | None] = [x.direction for x in operands if not x.constant]
    if not found or any(direction != found[0] for direction in found):
        return None
    return found[0]


def negative(x: Operand) -> Operand:
    """-x."""
    return apply(np.negative, [x], flipped(x.direction))


def add(x: Operand, y: Operand) -> Operand:
    """x + y."""
    return apply(np.add, [x, y], shared([x, y]))


def subtract(x: Operand, y: Operand) -> Operand:
    """x - y."""
    return apply(np.subtract, [x, y], shared([x, negative(y)]))


def multiply(x: Operand, y: Operand) -> Operand:
    """x y."""
    scaled, factor = (y, x) if x.constant else (x, y)
    return apply(np.multiply, [x, y], _scaled(scaled, factor))


def divide(x: Operand, y: Operand) -> Operand:
    """x / y, undefined where y is 0."""
    return apply(np.divide, [x, y], _scaled(x, y))


def power(x: Operand, y: Operand) -> Operand:
    """x to the power of y, undefined where it is not real."""
    return apply(np.power, [x, y])


def _scaled(x: Operand, factor: Operand) -> Direction | None:
    if not factor.constant or factor.values == 0:
        return None
    return x.direction if factor.values > 0 else flipped(x.direction)
