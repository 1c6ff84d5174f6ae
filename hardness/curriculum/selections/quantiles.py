"""Selections by rank of hardness.

Counts are those of `shares.count_of`; of equal hardness the records that come first are taken to
be easier.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from hardness.curriculum.grammar import Bounds, checked_by
from hardness.curriculum.selections.base import Context, Fraction
from hardness.curriculum.shares import SLACK, count_of
from hardness.errors import HardnessError
from hardness.sort import stable_argsort

Quantile = Annotated[float, Bounds(0, 1)]


def easiest(
    hardness: np.ndarray, rng: np.random.Generator, context: Context, *, f: Fraction
) -> np.ndarray:
    """The f · n easiest records.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng, context: not used.
        f: share that is kept, in (0, 1].

    Returns:
        (m,) int64, ascending indices.
    """
    return np.sort(stable_argsort(hardness)[: count_of(f, len(hardness))])


def hardest(
    hardness: np.ndarray, rng: np.random.Generator, context: Context, *, f: Fraction
) -> np.ndarray:
    """The f · n hardest records.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng, context: not used.
        f: share that is kept, in (0, 1].

    Returns:
        (m,) int64, ascending indices.
    """
    n = len(hardness)
    return np.sort(stable_argsort(hardness)[n - count_of(f, n) :])


def _check_quantiles(*, a: float, b: float) -> None:
    if not a < b:
        raise HardnessError(f"a must be below b, got between:{a:g},{b:g}; swap them")


@checked_by(_check_quantiles)
def between(
    hardness: np.ndarray,
    rng: np.random.Generator,
    context: Context,
    *,
    a: Quantile,
    b: Quantile,
) -> np.ndarray:
    """The records of rank round(a · n) to round(b · n) - 1, counted from the easiest, 0.

    So `between:0,a`, `between:a,b` and `between:b,1` share no record and leave none out.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng, context: not used.
        a, b: quantiles in [0, 1], a < b.

    Returns:
        (m,) int64, ascending indices.

    Raises:
        HardnessError: a is not below b.
    """
    _check_quantiles(a=a, b=b)
    start, stop = (int(quantile * len(hardness) + 0.5 + SLACK) for quantile in (a, b))
    return np.sort(stable_argsort(hardness)[start:stop])
