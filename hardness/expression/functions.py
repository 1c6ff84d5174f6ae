"""The functions that an expression may call.

Legend: n records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hardness.direction import Direction
from hardness.expression.operand import Operand, apply, shared
from hardness.normalize import to_hardness
from hardness.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function of an expression."""

    apply: Callable[[Sequence[Operand]], Operand]
    """Gets the arguments."""
    least: int = 1
    """Arguments it must have."""
    most: int | None = 1
    """Arguments it may have; None for any number."""


functions: Registry[Function] = Registry("function")
"""Functions by the name they are called by."""


def normalised(method: str, arguments: Sequence[Operand]) -> Operand:
    """Hardness by a name of `hardness.normalize.normalizers` over the records that are defined.

    What is harder the lower it is is turned, so that the result, in [0, 1], is harder the higher
    it is. What has no direction is taken as it is.
    """
    (x,) = arguments
    values = np.zeros(x.values.shape)
    direction: Direction = x.direction or "higher"
    defined = np.atleast_1d(x.values)[np.atleast_1d(x.valid)]
    hardness = to_hardness(defined, direction=direction, method=method)
    values[x.valid] = hardness
    return Operand(values=values, valid=x.valid, direction="higher")


def coalesce(arguments: Sequence[Operand]) -> Operand:
    """The first argument that is defined."""
    values, valid = arguments[0].values, arguments[0].valid
    for other in arguments[1:]:
        values = np.where(valid, values, other.values)
        valid = valid | other.valid
    return Operand(values=np.asarray(values), valid=np.asarray(valid), direction=shared(arguments))


def _smooth(function: Callable[..., np.ndarray], arguments: Sequence[Operand]) -> Operand:
    """A function that rises with each of its arguments."""
    return apply(function, arguments, shared(arguments))


def _extreme(function: np.ufunc, arguments: Sequence[Operand]) -> Operand:
    def reduced(*values: np.ndarray) -> np.ndarray:
        return function.reduce(np.broadcast_arrays(*values))

    return _smooth(reduced, arguments)


def _absolute(arguments: Sequence[Operand]) -> Operand:
    return apply(np.abs, arguments)


for _name in ("rank", "minmax", "zscore"):
    functions.add(_name, Function(apply=partial(normalised, _name)))
for _name, _function in (("log", np.log), ("exp", np.exp), ("sqrt", np.sqrt)):
    functions.add(_name, Function(apply=partial(_smooth, _function)))
functions.add("abs", Function(apply=_absolute))
functions.add("min", Function(apply=partial(_extreme, np.minimum), least=2, most=None))
functions.add("max", Function(apply=partial(_extreme, np.maximum), least=2, most=None))
functions.add("clip", Function(apply=partial(_smooth, np.clip), least=3, most=3))
functions.add("coalesce", Function(apply=coalesce, least=2, most=None))
