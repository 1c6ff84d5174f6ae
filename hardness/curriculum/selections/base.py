"""What a selection is, what it may look at, and the registry of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np

from hardness.curriculum.grammar import Bounds
from hardness.direction import Direction
from hardness.registry import Registry

Selection: TypeAlias = Callable[..., np.ndarray]
"""`f(hardness, rng, context, **parameters)`: (n,) f64 hardness in [0, 1], the records in input
order, a seeded generator and a `Context` in; (m,) integers out: the indices of the records that are
kept, ascending."""

selections: Registry[Selection] = Registry("select")
"""Every selection by name. Third parties add one by an entry point in the group `hardness.select`
that names such a function; its keyword-only arguments become the parameters of `name:...`, see
`hardness.curriculum.grammar`."""

Fraction = Annotated[float, Bounds(0, 1, above=True)]
"""A share of the records that is not nothing."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a selection may look at besides the hardness."""

    raw: np.ndarray
    """(n,) f64, the scores that the hardness was made of."""
    direction: Direction
    """Which way of them is harder."""
    read: Callable[[str], np.ndarray]
    """Column of the hardness table, as `metric` or `metric.column`, to (n,) f64 in the direction
    that it is stored in, NaN where undefined. Raises HardnessError where there is no such column.
    """

    @property
    def scores(self) -> np.ndarray:
        """(n,) f64, the scores turned so that higher is harder."""
        return self.raw if self.direction == "higher" else -self.raw

    def of(self, indices: np.ndarray) -> Context:
        """The same for some of the records.

        Args:
            indices: (m,) which, ascending.
        """
        return Context(
            raw=self.raw[indices],
            direction=self.direction,
            read=lambda name: self.read(name)[indices],
        )
