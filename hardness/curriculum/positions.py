"""Where each row goes: a training sequence turned round, from position → row to row → positions.

Legend: m number of rows of the dataset, k number of positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardness.chunks import of_each_chunk

LEFT_OUT = -1
"""Position of a row that is not in the sequence."""


@dataclass(frozen=True, kw_only=True)
class Positions:
    """The positions of every row. Made by `Positions.of`.

    Sequences in which no row occurs twice, which most are, take one number a row; others the
    positions grouped by row.
    """

    count: int
    """k."""
    positions: np.ndarray
    """(m,) the position of each row, `LEFT_OUT` if it has none; if `starts` is there, (k,) the
    positions of row 0, ascending, then those of row 1 and so on. int32 where that is enough."""
    starts: np.ndarray | None = None
    """(m + 1,) row r has positions[starts[r]:starts[r + 1]]; None if no row occurs twice."""

    @classmethod
    def of(cls, sequence: np.ndarray, *, rows: int) -> Positions:
        """The positions in a sequence.

        Args:
            sequence: (k,) int64, the row trained on at each position; rows may be absent or occur
                several times.
            rows: m; every row of the sequence is in [0, m).
        """
        # Half the memory for all but enormous data, and these arrays stay to the end of the build.
        count = len(sequence)
        dtype = np.int32 if max(count, rows) < 2**31 else np.int64
        positions = np.full(rows, LEFT_OUT, dtype=dtype)

        def invert(part: slice) -> None:
            positions[sequence[part]] = np.arange(part.start, part.stop, dtype=dtype)

        of_each_chunk(invert, count)
        if np.count_nonzero(positions != LEFT_OUT) == count:
            return cls(count=count, positions=positions)
        from hardness.curriculum.counting import group_by_row  # with numba, seldom needed

        positions = np.empty(count, dtype=dtype)
        starts = np.zeros(rows + 2, dtype=dtype)
        group_by_row(sequence, starts, positions)
        return cls(count=count, positions=positions, starts=starts[:-1])

    def __len__(self) -> int:
        return self.count

    @property
    def times(self) -> np.ndarray:
        """(m,) how often each row occurs; boolean if none occurs twice."""
        return self.positions != LEFT_OUT if self.starts is None else np.diff(self.starts)

    def find(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Every occurrence of some rows, in training order.

        Args:
            rows: (n,) u64, distinct.

        Returns:
            (q,) int64, the index in `rows` of each occurrence, and (q,) its position, ascending.
        """
        if self.starts is None:
            positions = self.positions[rows]
            indices = np.flatnonzero(positions != LEFT_OUT)
            if len(indices) < len(rows):
                positions = positions[indices]
        else:
            times = self.starts[rows + np.uint64(1)] - self.starts[rows]
            indices = np.repeat(np.arange(len(rows)), times)
            # Occurrence j of row r is at starts[r] + j: count on within each row.
            skipped = self.starts[rows] - (np.cumsum(times, dtype=np.int64) - times)
            positions = self.positions[np.repeat(skipped, times) + np.arange(len(indices))]
        if np.any(positions[1:] < positions[:-1]):
            order = np.argsort(positions)
            indices, positions = indices[order], positions[order]
        return indices, positions

    def save(self, folder: Path) -> None:
        """Write the arrays so that workers without this process's memory can map them."""
        np.save(folder / "positions.npy", self.positions)
        if self.starts is not None:
            np.save(folder / "starts.npy", self.starts)
        np.save(folder / "count.npy", self.count)

    @classmethod
    def load(cls, folder: Path) -> Positions:
        """The positions that `save` wrote, memory-mapped."""
        starts = folder / "starts.npy"
        return cls(
            count=int(np.load(folder / "count.npy")),
            positions=np.load(folder / "positions.npy", mmap_mode="r"),
            starts=np.load(starts, mmap_mode="r") if starts.is_file() else None,
        )


def occurrences(times: np.ndarray, *, records: int) -> dict[str, Any]:
    """How often records occur in a sequence, as the manifest says it.

    Args:
        times: how often each record occurs, of all that occur at least; 0s are not counted.
        records: number of records that could occur.

    Returns:
        `records`, how many occur; `never`, how many do not; `most`, the most often that one does;
        `times`, the number of records by how often they occur, as a string.
    """
    if times.dtype == bool:
        counts = np.array([0, np.count_nonzero(times)])
    else:
        counts = np.bincount(times[times > 0])
    return {
        "records": int(counts.sum()),
        "never": records - int(counts.sum()),
        "most": int(max(np.flatnonzero(counts), default=0)),
        "times": {str(n): int(count) for n, count in enumerate(counts) if count},
    }
