"""Amounts of memory as users write them, and memory that is given back."""

from __future__ import annotations

import ctypes
import re
import sys

import pyarrow as pa

from hardness.errors import HardnessError

DEFAULT_MEMORY = 4 * 10**9
"""Bytes that a stage stays below where nothing else is said."""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def parse_memory(memory: int | str | None) -> int:
    """Bytes in `memory`, such as 4000000000, "4GB" or "512 MiB"; the default if None.

    Raises:
        HardnessError: not a number of bytes, or less than 1 MB.
    """
    if memory is None:
        return DEFAULT_MEMORY
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", str(memory).lower())
    unit = (_UNITS | _BINARY).get(match[2]) if match else None
    size = int(float(match[1]) * unit) if match and unit else 0
    if size < 10**6:
        raise HardnessError(
            f"memory must be at least 1 MB, such as 4GB or 512MiB, got {memory!r}; give more"
        )
    return size


def give_back() -> None:
    """Return to the system what Arrow and the C library keep of memory that is free.

    The C library keeps it for the thread that freed it, so what one stage used and the next does
    not would add to its peak. Takes milliseconds; does nothing where it is not glibc.
    """
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
