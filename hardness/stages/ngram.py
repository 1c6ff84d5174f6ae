"""N-gram counts of tokenised records as stages: encode, then route, count and return each order.

Legend: B blocks (partitions of the data, those that are fitted first), T_b predicted positions of
block b, P partitions of the key space.

What the store holds, for each block b and order k:

    ids-b       uint64 (T_b,)      token hashes, see `hardness.ngram.tokenize.Tokens`
    starts-b    int64 (n_b + 1,)
    salts-b     uint64 (n_b,)      the group of each record; only where groups are held out
    keys-k-b    uint64 (T_b,)      keys, partition after partition, until they are counted
    bounds-k-b  int64 (P + 1,)
    counts-k-b  unsigned (T_b,)    2·count + FIRST of each key, in the order of the keys

With the prefix `own-`, the same for keys salted with the record's group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from hardness.ngram.count import count_partitions
from hardness.ngram.keys import partition_keys, return_counts
from hardness.stages.cluster import Cluster
from hardness.stages.store import Store

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

    @property
    def n_tokens(self) -> int:
        """Its tokens, which are predicted as well as an end mark of every record that has any."""
        return self.n_positions - self.n_records


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over the fitted blocks: predicted tokens N, predicted types V, records with a token."""

    n_tokens: int
    n_types: int
    n_records: int


@dataclass(frozen=True, kw_only=True)
class NgramCounts:
    """The counts of every n-gram of encoded blocks, kept beside its positions.

    It holds no data and can be sent to workers.

    Attributes:
        store: holds ids, starts and salts of every block, and takes the counts.
        blocks: all blocks, the fitted ones first.
        n_bits: log2 P.
    """

    store: Store
    blocks: tuple[Block, ...]
    n_bits: int

    @staticmethod
    def plan(store: Store, blocks: Sequence[Block]) -> NgramCounts:
        """Counts for these blocks, with partitions that fit a core's cache."""
        n_partitions = max(1, sum(block.n_positions for block in blocks) // _KEYS_PER_PARTITION)
        n_bits = min((n_partitions - 1).bit_length(), _MOST_BITS)
        return NgramCounts(store=store, blocks=tuple(blocks), n_bits=n_bits)

    @property
    def dtype(self) -> type[np.unsignedinteger]:
        """Of counts: 2·count must fit."""
        n_positions = sum(block.n_positions for block in self.blocks)
        return np.uint32 if n_positions < 2**31 else np.uint64

    def count(self, cluster: Cluster, order: int, *, within_groups: bool = False) -> int:
        """Count the n-grams of one order and leave the counts in the store.

        Returns:
            The number of distinct n-grams of the fitted blocks.
        """
        label = f"{order}-grams" + (" within groups" if within_groups else "")
        cluster.map(
            f"routing {label}",
            partial(self._route, order=order, within_groups=within_groups),
            self.blocks,
            sizes=[block.n_positions for block in self.blocks],
            unit="n-grams",
            store=self.store,
        )
        bounds = np.stack([self._bounds(block, order, within_groups) for block in self.blocks])
        cuts = even_cuts(bounds.sum(axis=0), _TASKS_PER_ORDER)
        spans = [bounds[:, a : b + 1] for a, b in pairwise(cuts)]
        n_distinct = cluster.map(
            f"counting {label}",
            partial(self._count_span, name=stored_name("counts", order, within_groups)),
            spans,
            sizes=[int((span[:, -1] - span[:, 0]).sum()) for span in spans],
            unit="n-grams",
            store=self.store,
        )
        for block in self.blocks:
            self.store.delete(f"{stored_name('keys', order, within_groups)}-{block.index}")
        return int(sum(n_distinct))

    def at_positions(self, block: Block, orders: int, *, within_groups: bool = False) -> np.ndarray:
        """Unsigned (orders, T_b): 2·count + FIRST of the n-gram that ends at each position."""
        out = np.empty((orders, block.n_positions), dtype=self.dtype)
        for order in range(1, orders + 1):
            self.fill_positions(block, order, out[order - 1], within_groups=within_groups)
        return out

    def fill_positions(
        self, block: Block, order: int, out: np.ndarray, *, within_groups: bool = False
    ) -> None:
        """Fill unsigned (T_b,): 2·count + FIRST of the n-gram of one order at each position."""
        return_counts(
            self.store.get(f"ids-{block.index}", np.uint64),
            self.store.get(f"starts-{block.index}", np.int64),
            order,
            self._salts(block, within_groups),
            self.n_bits,
            self._bounds(block, order, within_groups),
            self.store.get(
                f"{stored_name('counts', order, within_groups)}-{block.index}", self.dtype
            ),
            out,
        )

    def _route(self, block: Block, *, order: int, within_groups: bool) -> None:
        keys, bounds = partition_keys(
            self.store.get(f"ids-{block.index}", np.uint64),
            self.store.get(f"starts-{block.index}", np.int64),
            order,
            self._salts(block, within_groups),
            self.n_bits,
        )
        self.store.put(f"{stored_name('keys', order, within_groups)}-{block.index}", keys)
        self.store.put(f"{stored_name('bounds', order, within_groups)}-{block.index}", bounds)
        name = f"{stored_name('counts', order, within_groups)}-{block.index}"
        self.store.create(name, block.n_positions, self.dtype)

    def _count_span(self, bounds: np.ndarray, *, name: str) -> int:
        """Count the keys of a span of partitions; bounds is int64 (B, partitions + 1)."""
        keys_name = name.replace("counts", "keys")
        lengths = bounds[:, -1] - bounds[:, 0]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        keys = np.empty(offsets[-1], dtype=np.uint64)
        counts = np.empty(offsets[-1], dtype=self.dtype)
        pieces = list(zip(self.blocks, bounds[:, 0], offsets[:-1], offsets[1:], strict=True))
        for block, start, a, b in pieces:
            self.store.read(f"{keys_name}-{block.index}", start, keys[a:b])
        local_bounds = bounds - bounds[:, :1] + offsets[:-1, None]
        n_fitted = sum(block.fitted for block in self.blocks)
        n_distinct = int(count_partitions(keys, local_bounds, n_fitted, counts))
        for block, start, a, b in pieces:
            self.store.write(f"{name}-{block.index}", start, counts[a:b])
        return n_distinct

    def _bounds(self, block: Block, order: int, within_groups: bool) -> np.ndarray:
        name = f"{stored_name('bounds', order, within_groups)}-{block.index}"
        return self.store.get(name, np.int64)

    def _salts(self, block: Block, within_groups: bool) -> np.ndarray:
        return self.store.get(f"salts-{block.index}", np.uint64) if within_groups else NO_SALTS


def stored_name(kind: str, order: int, within_groups: bool) -> str:
    """What the store calls the arrays of one kind and order, of keys salted with groups or not."""
    return f"{'own-' if within_groups else ''}{kind}-{order}"


def even_cuts(cumulative: np.ndarray, n_spans: int) -> list[int]:
    """Partition numbers that cut cumulative key counts (P + 1,) into spans of about equal size."""
    targets = np.linspace(cumulative[0], cumulative[-1], n_spans + 1)[1:-1]
    inner = np.searchsorted(cumulative, targets)
    return sorted({0, *inner.tolist(), len(cumulative) - 1})
