"""The buffers of Arrow strings, as kernels take them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def string_buffers(strings: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes and offsets of an array of strings; the bytes are not copied.

    Args:
        strings: string or large_string (n,) without nulls.

    Returns:
        uint8 bytes, read-only, and int64 (n + 1,) offsets into them, from 0.
    """
    offset_type = np.int64 if pa.types.is_large_string(strings.type) else np.int32
    _, offsets_buffer, data_buffer = strings.buffers()
    if data_buffer is None or len(strings) == 0:
        return np.frombuffer(b"", dtype=np.uint8), np.zeros(len(strings) + 1, dtype=np.int64)
    offsets = np.frombuffer(offsets_buffer, dtype=offset_type)
    offsets = offsets[strings.offset : strings.offset + len(strings) + 1].astype(np.int64)
    data = np.frombuffer(data_buffer, dtype=np.uint8)[offsets[0] : offsets[-1]]
    return data, offsets - offsets[0]
