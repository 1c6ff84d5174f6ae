"""Arrow's compute functions, out of a type checker's sight, and arrays that share NumPy's memory.

`pa.array`, `pa.scalar` and `Array.to_numpy` look whether they were given something of pandas, and
import it for that where it is installed: a tenth of a second. What is here does not look.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute  # its functions are made when it is imported


def from_numpy(values: np.ndarray, null: np.ndarray | None = None) -> pa.Array:
    """An Arrow array over the memory of a NumPy one, which must not be changed afterwards.

    Args:
        values: (n,) integers or floats.
        null: bool (n,), where there is no value; nowhere if None.
    """
    valid = None
    if null is not None and null.any():
        valid = pa.py_buffer(np.packbits(~null, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [valid, data])


def as_numpy(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """The values of a column of integers or floats that are not null."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    dtype = np.dtype(column.type.to_pandas_dtype())
    arrays = [_values(chunk.drop_null(), dtype) for chunk in chunks]
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.empty(0, dtype), *arrays])


def _values(array: pa.Array, dtype: np.dtype) -> np.ndarray:
    data = array.buffers()[1]
    if data is None or len(array) == 0:
        return np.empty(0, dtype=dtype)
    return np.frombuffer(data, dtype=dtype)[array.offset : array.offset + len(array)]


def string_scalar(text: str, kind: pa.DataType) -> pa.Scalar:
    """A text as a scalar of a string type."""
    encoded = text.encode()
    width = np.int64 if pa.types.is_large_string(kind) else np.int32
    bounds = pa.py_buffer(np.array([0, len(encoded)], dtype=width))
    return pa.Array.from_buffers(kind, 1, [None, bounds, pa.py_buffer(encoded)])[0]
