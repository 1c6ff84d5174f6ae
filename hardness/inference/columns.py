"""Arrow columns of what was found."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def nullable(values: np.ndarray) -> pa.Array:
    """f64, null where not a finite number."""
    return pa.array(values, mask=~np.isfinite(values))


def per_token(nats: np.ndarray, units: np.ndarray) -> np.ndarray:
    """(n,) nats per token; NaN where there is none."""
    return np.divide(nats, units, out=np.full(len(nats), np.nan), where=units > 0)


def counts(values: np.ndarray) -> pa.Array:
    """uint32."""
    return pa.array(values.astype(np.uint32))
