"""Regions of a data map."""

from __future__ import annotations

from typing import Literal

import numpy as np

from hardness.curriculum.selections.base import Context, Fraction
from hardness.curriculum.shares import count_of
from hardness.sort import stable_argsort

COLUMNS = {
    "easy": ("confidence", -1),
    "ambiguous": ("variability", -1),
    "hard": ("confidence", 1),
}
"""By which column a region is cut out, and 1 if it begins with the lowest values, -1 if with the
highest."""


def region(
    hardness: np.ndarray,
    rng: np.random.Generator,
    context: Context,
    *,
    name: Literal["easy", "ambiguous", "hard"],
    f: Fraction = 0.33,
    metric: str = "cartography",
) -> np.ndarray:
    """The f · n records of the highest confidence (easy), the highest variability (ambiguous) or
    the lowest confidence (hard); of equal ones those that come first.

    Args:
        hardness: (n,) f64; only its length is used.
        rng: not used.
        context: has the columns.
        name: of the region.
        f: share of the n records that is kept, in (0, 1].
        metric: of the table, with the columns `confidence` and `variability`.

    Returns:
        (m,) int64, ascending indices. Records that have no such number are never kept, so that
        there may be fewer.

    Raises:
        HardnessError: the table has no such column.

    Source: Swayamdipta et al. 2020, "Dataset Cartography", section 3, where f is 33%.
    """
    _, sign = COLUMNS[name]
    values = context.read(column_of(name, metric))
    known = np.flatnonzero(~np.isnan(values))
    first = stable_argsort(sign * values[known])[: count_of(f, len(hardness))]
    return np.sort(known[first])


def column_of(name: str, metric: str) -> str:
    """The column of a table that a region is cut out by, as `metric.column`."""
    return f"{metric}.{COLUMNS[name][0]}"
