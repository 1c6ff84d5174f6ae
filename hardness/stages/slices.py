"""Slices of routed arrays: the same partitions of every block, as one task takes them.

Legend: B blocks, P partitions of a task's span.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hardness.stages.store import Store

_KEYS_PER_PARTITION = 20_000
"""Keys whose table stays in a core's second cache: 24 bytes a slot and 64 an n-gram at most."""
_MOST_BITS = 14


@dataclass(frozen=True, kw_only=True)
class Slices:
    """Where a span of partitions lies in the routed arrays of every block.

    Attributes:
        blocks: the blocks' indices (B,).
        bounds: int64 (B, P + 1), where the partitions begin and end in each block's array.
    """

    blocks: tuple[int, ...]
    bounds: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """int64 (B,): elements in each block's slice."""
        return self.bounds[:, -1] - self.bounds[:, 0]

    def local_bounds(self) -> np.ndarray:
        """int64 (B, P + 1): the bounds within what `read` returns."""
        offsets = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        return self.bounds - self.bounds[:, :1] + offsets[:, None]

    def read(self, store: Store, name: str, dtype: npt.DTypeLike) -> np.ndarray:
        """The slices of `name-block` of all blocks, one after the other."""
        out = np.empty(self.sizes.sum(), dtype=dtype)
        for block, start, piece in self._pieces(out):
            store.read(f"{name}-{block}", start, piece)
        return out

    def write(self, store: Store, name: str, values: np.ndarray) -> None:
        """Overwrite the slices of `name-block` of all blocks."""
        for block, start, piece in self._pieces(values):
            store.write(f"{name}-{block}", start, piece)

    def _pieces(self, values: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
        cuts = np.concatenate([[0], np.cumsum(self.sizes)]).tolist()
        return [
            (block, int(start), values[a:b])
            for block, start, (a, b) in zip(
                self.blocks, self.bounds[:, 0], pairwise(cuts), strict=True
            )
        ]


def n_bits_for(n_keys: int) -> int:
    """log2 of how many partitions so many keys are routed to."""
    return min((max(1, n_keys // _KEYS_PER_PARTITION) - 1).bit_length(), _MOST_BITS)


def even_spans(cumulative: np.ndarray, n_spans: int) -> list[tuple[int, int]]:
    """Cut partitions into spans that hold about equally many keys.

    Args:
        cumulative: int64 (partitions + 1,), number of keys before each partition.
        n_spans: at most so many.

    Returns:
        First and one past the last partition of each span.
    """
    targets = np.linspace(0, cumulative[-1], n_spans + 1)[1:-1]
    cuts = sorted({0, *np.searchsorted(cumulative, targets).tolist(), len(cumulative) - 1})
    return list(pairwise(cuts))
