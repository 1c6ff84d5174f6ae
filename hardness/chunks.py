"""Work on long arrays a part at a time: parts stay in a core's cache, and the cores share them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

CHUNK = 2**17
"""Numbers that are worked on at a time, so that intermediate results stay in a core's cache: memory
that is touched for the first time costs more than the work on it."""

Result = TypeVar("Result")


def chunks(n: int) -> Iterator[slice]:
    """0..n-1 in slices of `CHUNK`."""
    return (slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK))


def of_each_chunk(function: Callable[[slice], Result], n: int) -> list[Result]:
    """`function` of each slice of `chunks`, in order; all cores at work, which numpy allows.

    Args:
        function: must not depend on the other slices.
        n: how many numbers there are.
    """
    parts = list(chunks(n))
    if len(parts) < 2:
        return [function(part) for part in parts]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, parts))
