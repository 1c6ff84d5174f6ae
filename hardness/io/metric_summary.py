"""What metric.json says about the values of a column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from hardness.io.frames import scan_parquet
from hardness.io.storage import Location

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def summarise(paths: Sequence[Location], column: str) -> dict[str, Any]:
    """Count, nulls and, of numbers, mean and quantiles of a column of some Parquet files."""
    values = scan_parquet(paths).select(column).collect().to_series()
    counts = {"count": len(values) - values.null_count(), "nulls": values.null_count()}
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
        return counts
    numbers = np.sort(values.drop_nulls().cast(pl.Float64).to_numpy())
    if numbers.size == 0:
        return counts | {"mean": None, "quantiles": {}}
    # Sorted first, so that the mean does not depend on the order of addition.
    with np.errstate(invalid="ignore"):
        quantiles = np.quantile(numbers, QUANTILES)
        mean = float(np.mean(numbers))
    return counts | {
        "mean": _finite(mean),
        "quantiles": {
            f"{q:g}": _finite(float(v)) for q, v in zip(QUANTILES, quantiles, strict=True)
        },
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
