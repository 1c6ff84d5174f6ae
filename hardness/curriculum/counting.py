"""The counting sort that brings the positions of each row together."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def group_by_row(sequence: np.ndarray, starts: np.ndarray, positions: np.ndarray) -> None:
    """Sort positions by row, those of one row ascending.

    Args:
        sequence: (k,) int64, the row at each position, each in [0, m).
        starts: (m + 2,) of 0; afterwards row r has positions[starts[r]:starts[r + 1]].
        positions: (k,), filled here.
    """
    for row in sequence:
        starts[row + 2] += 1
    for row in range(2, len(starts)):
        starts[row] += starts[row - 1]
    # starts[r + 1] is where the next position of row r goes, and ends as where row r + 1 begins.
    for position in range(len(sequence)):
        row = sequence[position]
        positions[starts[row + 1]] = position
        starts[row + 1] += 1
