"""N-gram counts of tokenised records as stages: encode, then route, count and return each order.

Legend: B blocks (partitions of the data, those that are fitted first), T_b predicted positions of
block b, P partitions of the key space.

What the store holds, for each block b and order k:

    ids-b       uint64 (T_b,)      token hashes, see `hardness.ngram.tokenize.Tokens`
    starts-b    int64 (n_b + 1,)
    salts-b     uint64 (n_b,)      the group of each record; only where groups are held out
    keys-b      uint64 (T_b,)      keys of the order at hand, while it is counted
    bounds-k-b  int64 (P + 1,)
    counts-k-b  unsigned (T_b,)    2·count + FIRST of each key, in the order of the keys

`own-bounds-k-b` and `own-counts-k-b` are the same for keys salted with the record's group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hardness.ngram.count import count_partitions
from hardness.ngram.keys import partition_keys, return_counts
from hardness.stages.cluster import Cluster
from hardness.stages.store import MemoryStore

_KEYS_PER_PARTITION = 80_000
"""Keys whose count table (12 bytes an entry, at most half full) stays in a core's second cache."""
_MOST_BITS = 12
_TASKS_PER_ORDER = 32

NO_SALTS = np.empty(0, dtype=np.uint64)


@dataclass(frozen=True, kw_only=True)
class Block:
    """One encoded partition.

    Attributes:
        index: 0 to B - 1.
        n_positions: T_b.
        n_records: records with at least one token.
        fitted: whether its n-grams are counted, or only looked up.
    """

    index: int
    n_positions: int
    n_records: int
    fitted: bool


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over the fitted blocks: predicted tokens N, predicted types V, records with a token."""

    n_tokens: int
    n_types: int
    n_records: int


class NgramCounts:
    """The counts of every n-gram of encoded blocks, kept beside its positions.

    Args:
        cluster: where the stages run.
        store: holds ids, starts and salts of every block.
        blocks: all blocks, the fitted ones first.
    """

    def __init__(self, cluster: Cluster, store: MemoryStore, blocks: Sequence[Block]) -> None:
        self._cluster = cluster
        self._store = store
        self._blocks = blocks
        n_positions = sum(block.n_positions for block in blocks)
        n_partitions = max(1, n_positions // _KEYS_PER_PARTITION)
        self._n_bits = min((n_partitions - 1).bit_length(), _MOST_BITS)
        # 2·count must fit.
        self._dtype = np.uint32 if n_positions < 2**31 else np.uint64

    def count(self, order: int, *, within_groups: bool = False) -> int:
        """Count the n-grams of one order and leave the counts in the store.

        Returns:
            The number of distinct n-grams of the fitted blocks.
        """
        prefix = "own-" if within_groups else ""
        label = f"{order}-grams" + (" within groups" if within_groups else "")
        sizes = [block.n_positions for block in self._blocks]

        def route(block: Block) -> None:
            keys, bounds = partition_keys(
                self._store.get(f"ids-{block.index}"),
                self._store.get(f"starts-{block.index}"),
                order,
                self._salts(block, within_groups),
                self._n_bits,
            )
            self._store.put(f"keys-{block.index}", keys)
            self._store.put(f"{prefix}bounds-{order}-{block.index}", bounds)
            self._store.create(
                f"{prefix}counts-{order}-{block.index}", block.n_positions, self._dtype
            )

        self._cluster.map(f"routing {label}", route, self._blocks, sizes=sizes, unit="n-grams")
        bounds = np.stack(
            [self._store.get(f"{prefix}bounds-{order}-{block.index}") for block in self._blocks]
        )
        cuts = _even_cuts(bounds.sum(axis=0), _TASKS_PER_ORDER)

        def count(span: tuple[int, int]) -> int:
            return self._count_span(f"{prefix}counts-{order}", bounds[:, span[0] : span[1] + 1])

        spans = list(zip(cuts[:-1], cuts[1:], strict=True))
        span_sizes = [int((bounds[:, b] - bounds[:, a]).sum()) for a, b in spans]
        n_distinct = self._cluster.map(
            f"counting {label}", count, spans, sizes=span_sizes, unit="n-grams"
        )
        for block in self._blocks:
            self._store.delete(f"keys-{block.index}")
        return sum(n_distinct)

    def _count_span(self, name: str, bounds: np.ndarray) -> int:
        """Count the keys of a span of partitions; bounds is int64 (B, partitions + 1)."""
        lengths = bounds[:, -1] - bounds[:, 0]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        keys = np.empty(offsets[-1], dtype=np.uint64)
        counts = np.empty(offsets[-1], dtype=self._dtype)
        pieces = list(zip(self._blocks, bounds[:, 0], offsets[:-1], offsets[1:], strict=True))
        for block, start, a, b in pieces:
            self._store.read(f"keys-{block.index}", start, keys[a:b])
        local_bounds = bounds - bounds[:, :1] + offsets[:-1, None]
        n_fitted = sum(block.fitted for block in self._blocks)
        n_distinct = count_partitions(keys, local_bounds, n_fitted, counts)
        for block, start, a, b in pieces:
            self._store.write(f"{name}-{block.index}", start, counts[a:b])
        return n_distinct

    def at_positions(self, block: Block, orders: int, *, within_groups: bool = False) -> np.ndarray:
        """Unsigned (orders, T_b): 2·count + FIRST of the n-gram that ends at each position."""
        prefix = "own-" if within_groups else ""
        out = np.empty((orders, block.n_positions), dtype=self._dtype)
        for order in range(1, orders + 1):
            return_counts(
                self._store.get(f"ids-{block.index}"),
                self._store.get(f"starts-{block.index}"),
                order,
                self._salts(block, within_groups),
                self._n_bits,
                self._store.get(f"{prefix}bounds-{order}-{block.index}"),
                self._store.get(f"{prefix}counts-{order}-{block.index}"),
                out[order - 1],
            )
        return out

    def _salts(self, block: Block, within_groups: bool) -> np.ndarray:
        return self._store.get(f"salts-{block.index}") if within_groups else NO_SALTS


def _even_cuts(cumulative: np.ndarray, n_spans: int) -> list[int]:
    """Partition numbers that cut cumulative key counts (P + 1,) into spans of about equal size."""
    targets = np.linspace(cumulative[0], cumulative[-1], n_spans + 1)[1:-1]
    inner = np.searchsorted(cumulative, targets)
    return sorted({0, *inner.tolist(), len(cumulative) - 1})
