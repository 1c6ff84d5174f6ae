"""Arrow's compute functions, out of a type checker's sight, and numbers to and from numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute
"""Made when it is imported, so that a type checker sees nothing in it."""


def from_numpy(
    values: np.ndarray, null: np.ndarray | None = None, *, nan_is_null: bool = False
) -> pa.Array:
    """The same memory as an Arrow array.

    Unlike `pa.array`, which asks pandas first, it does not import pandas where that is installed.

    Args:
        values: (n,) numbers of a fixed width, not booleans.
        null: bool (n,), which are null; none where None.
        nan_is_null: have NaN become null, in place of `null`.
    """
    values = np.ascontiguousarray(values)
    null = np.isnan(values) if nan_is_null else null
    validity = None
    if null is not None and null.any():
        validity = pa.py_buffer(np.packbits(~null, bitorder="little"))
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


def string_scalar(text: str, kind: pa.DataType) -> pa.Scalar:
    """A text as a scalar of a string type, without pandas too."""
    encoded = text.encode()
    width = np.int64 if pa.types.is_large_string(kind) else np.int32
    bounds = pa.py_buffer(np.array([0, len(encoded)], dtype=width))
    return pa.Array.from_buffers(kind, 1, [None, bounds, pa.py_buffer(encoded)])[0]
