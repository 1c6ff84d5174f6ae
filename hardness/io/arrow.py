"""Arrow's compute functions, out of a type checker's sight, and numbers to and from numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute
"""Made when it is imported, so that a type checker sees nothing in it."""


def from_numpy(values: np.ndarray, *, nan_is_null: bool = False) -> pa.Array:
    """The same memory as an Arrow array.

    Unlike `pa.array`, which asks pandas first, it does not import pandas where that is installed.

    Args:
        values: (n,) numbers of a fixed width, not booleans.
        nan_is_null: have NaN become null.
    """
    values = np.ascontiguousarray(values)
    validity = None
    if nan_is_null and (missing := np.isnan(values)).any():
        validity = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(values)])


def to_numpy(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Numbers without nulls as one numpy array, of the same memory if they are in one chunk.

    Like `from_numpy` it does without pandas.

    Args:
        column: numbers of a fixed width, not booleans; what a null holds is undefined.
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    dtype = np.dtype(column.type.to_pandas_dtype())
    arrays = [
        np.frombuffer(chunk.buffers()[1], dtype, len(chunk), chunk.offset * dtype.itemsize)
        for chunk in chunks
        if len(chunk)
    ]
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate([*arrays, np.empty(0, dtype)])
