"""Orders: pure functions from hardness to the sequence in which records are trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from hardness.registry import Registry
from hardness.sort import stable_argsort

Order: TypeAlias = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""(n,) f64 hardness in [0, 1], records in input order, and a seeded generator in; (n,) int64 out:
element p is the index of the record trained on at position p."""

orders: Registry[Order] = Registry("order")
"""Every order by name. Third parties add one by an entry point in the group `hardness.order`."""


def ascending(hardness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Easy to hard; equal hardness keeps input order.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: not used.

    Returns:
        (n,) int64, the index of the record at each position.

    Source: Bengio et al. 2009, "Curriculum Learning".
    """
    return stable_argsort(hardness)


def descending(hardness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hard to easy, the anti-curriculum; equal hardness keeps input order.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: not used.

    Returns:
        (n,) int64, the index of the record at each position.
    """
    return stable_argsort(-hardness)


def random(hardness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A uniformly random permutation, the baseline that every curriculum must beat.

    Args:
        hardness: (n,) f64; only its length is used.
        rng: the source of the permutation.

    Returns:
        (n,) int64, the index of the record at each position.
    """
    return rng.permutation(len(hardness))


for _function in (ascending, descending, random):
    orders.add(_function.__name__, _function)
