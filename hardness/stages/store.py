"""Where stages leave arrays for later stages."""

from __future__ import annotations

from typing import Any

import numpy as np


class MemoryStore:
    """Named arrays in this process's memory."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def put(self, name: str, value: Any) -> None:
        """Keep a value under a name, replacing what was there."""
        self._values[name] = value

    def get(self, name: str) -> Any:
        """The value under a name; not a copy, so it must not be changed."""
        return self._values[name]

    def create(self, name: str, size: int, dtype: type[np.generic]) -> None:
        """Make room for an array that tasks fill piece by piece."""
        self._values[name] = np.empty(size, dtype=dtype)

    def read(self, name: str, start: int, out: np.ndarray) -> None:
        """Fill `out` with the array's values from `start` on."""
        out[:] = self._values[name][start : start + len(out)]

    def write(self, name: str, start: int, values: np.ndarray) -> None:
        """Overwrite the array's values from `start` on. Tasks write to disjoint places."""
        self._values[name][start : start + len(values)] = values

    def delete(self, name: str) -> None:
        """Forget a value."""
        del self._values[name]
