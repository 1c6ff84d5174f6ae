"""How far texts can be compressed."""

from __future__ import annotations

import numpy as np
import zstandard

_LEVEL = 3
_SEGMENT = np.dtype([("start", "<u8"), ("size", "<u8")])
"""What zstandard takes and gives as the bounds of texts that lie in one buffer."""

ZSTD = ".".join(map(str, zstandard.ZSTD_VERSION))
"""Of the library: another may compress by a few bytes more or less."""


def compression_ratios(data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Compressed over plain bytes of each text, each by itself.

    Compressed with zstd at its default level, 3, into frames without magic number, size and
    checksum: about 5 bytes are not the text's.

    Args:
        data: uint8.
        offsets: int64 (n + 1,).

    Returns:
        float64 (n,), above 0, higher is less repetitive; above 1 for texts of some ten bytes. NaN
        for an empty text.
    """
    lengths = np.diff(offsets)
    filled = np.flatnonzero(lengths)
    ratios = np.full(len(lengths), np.nan)
    if len(filled) == 0:
        return ratios
    segments = np.empty(len(filled), dtype=_SEGMENT)
    segments["start"] = offsets[filled]
    segments["size"] = lengths[filled]
    parameters = zstandard.ZstdCompressionParameters(
        compression_level=_LEVEL,
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        write_content_size=False,
        write_checksum=False,
    )
    texts = zstandard.BufferWithSegments(np.ascontiguousarray(data).data, segments.tobytes())
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    # All texts in one call, which does not hold up other threads.
    compressed = compressor.multi_compress_to_buffer(texts, threads=1)
    ratios[filled] = _sizes(compressed) / lengths[filled]
    return ratios


def _sizes(compressed: zstandard.BufferWithSegmentsCollection) -> np.ndarray:
    """int64 (n,): the bytes of each."""
    return np.array([len(compressed[i]) for i in range(len(compressed))], dtype=np.int64)
