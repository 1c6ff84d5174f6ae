"""N-gram counts by class as stages: route, then count and return each order.

Legend: B blocks (those that are fitted first), T_b predicted positions of block b, P partitions of
the key space, S spans of partitions, each counted by a task.

What the store holds, for each block b, span s and order k, beside ids, starts and salts (see
`hardness.stages.ngram`):

    labels-b       int32 (n_b,)       the class of each record, less than 0 for none
    keys-k-b       uint64 (T_b,)      keys, partition after partition, until they are counted
    classes-k-b    uint16 (T_b,)      the class of each key's record, until then
    slots-k-b      unsigned (T_b,)    where the key of each position went
    bounds-k-b     int64 (P + 1,)
    values-k-b     uint64 (T_b,)      rows of each key, see `hardness.ngram.class_rows`
    pool-k-s       unsigned           the pools of all blocks
    pools-k        int64 (S, B + 1)   where each begins

With the prefix `own-`, the same for keys salted with the record's group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from hardness.ngram.class_count import count_classes
from hardness.ngram.class_keys import partition_class_keys, return_values
from hardness.ngram.class_rows import Rows
from hardness.stages.cluster import Cluster
from hardness.stages.ngram import NO_SALTS, Block, even_cuts, stored_name
from hardness.stages.store import Store

_KEYS_PER_PARTITION = 40_000
"""Keys whose table and rows stay in a core's second cache."""
_MOST_BITS = 12
_SPANS = 32


@dataclass(frozen=True, kw_only=True)
class ClassCounts:
    """The counts of every n-gram in every class, kept beside its positions.

    It holds no data and can be sent to workers.

    Attributes:
        store: holds ids, starts, labels and salts of every block, and takes the counts.
        blocks: all blocks, the fitted ones first.
        n_classes: C.
        n_bits: log2 P.
    """

    store: Store
    blocks: tuple[Block, ...]
    n_classes: int
    n_bits: int

    @staticmethod
    def plan(store: Store, blocks: Sequence[Block], n_classes: int) -> ClassCounts:
        """Counts for these blocks, with partitions that fit a core's cache."""
        n_partitions = max(1, sum(block.n_positions for block in blocks) // _KEYS_PER_PARTITION)
        n_bits = min((n_partitions - 1).bit_length(), _MOST_BITS)
        return ClassCounts(store=store, blocks=tuple(blocks), n_classes=n_classes, n_bits=n_bits)

    @property
    def dtype(self) -> type[np.unsignedinteger]:
        """Of slots and pools: counts and places must fit."""
        n_positions = sum(block.n_positions for block in self.blocks)
        return np.uint32 if n_positions < 2**32 else np.uint64

    def count(self, cluster: Cluster, order: int, *, within_groups: bool = False) -> int:
        """Count the n-grams of one order and leave the counts in the store.

        Returns:
            The number of distinct n-grams of the fitted records that have a class.
        """
        label = f"{order}-grams by class" + (" within groups" if within_groups else "")
        cluster.map(
            f"routing {label}",
            partial(self._route, order=order, within_groups=within_groups),
            self.blocks,
            sizes=[block.n_positions for block in self.blocks],
            unit="n-grams",
            store=self.store,
        )
        bounds = np.stack([self._bounds(block, order, within_groups) for block in self.blocks])
        cuts = even_cuts(bounds.sum(axis=0), _SPANS)
        spans = [(i, bounds[:, a : b + 1]) for i, (a, b) in enumerate(pairwise(cuts))]
        results = cluster.map(
            f"counting {label}",
            partial(self._count_span, order=order, within_groups=within_groups),
            spans,
            sizes=[int((span[:, -1] - span[:, 0]).sum()) for _, span in spans],
            unit="n-grams",
            store=self.store,
        )
        pools = np.array([pool_bounds for _, pool_bounds in results], dtype=np.int64)
        self.store.put(stored_name("pools", order, within_groups), pools)
        for block in self.blocks:
            for kind in ("keys", "classes"):
                self.store.delete(f"{stored_name(kind, order, within_groups)}-{block.index}")
        return sum(n_distinct for n_distinct, _ in results)

    def rows(self, block: Block, orders: int, *, within_groups: bool = False) -> Rows:
        """The rows at the positions of a block."""
        values = np.empty((orders, block.n_positions), dtype=np.uint64)
        bases = np.zeros((orders, _SPANS), dtype=np.int64)
        pools = []
        n_pooled = 0
        for order in range(1, orders + 1):
            slots = self.store.get(
                f"{stored_name('slots', order, within_groups)}-{block.index}", self.dtype
            )
            name = f"{stored_name('values', order, within_groups)}-{block.index}"
            return_values(self.store.get(name, np.uint64), slots, values[order - 1])
            bounds = self.store.get(stored_name("pools", order, within_groups), np.int64)
            bounds = bounds.reshape(-1, len(self.blocks) + 1)
            for span, (begin, end) in enumerate(bounds[:, block.index : block.index + 2]):
                pool = np.empty(end - begin, dtype=self.dtype)
                self.store.read(f"{stored_name('pool', order, within_groups)}-{span}", begin, pool)
                pools.append(pool)
                bases[order - 1, span] = n_pooled
                n_pooled += len(pool)
        return Rows(values=values, pool=np.concatenate(pools), bases=bases)

    def _route(self, block: Block, *, order: int, within_groups: bool) -> None:
        slots = np.empty(block.n_positions, dtype=self.dtype)
        salts = self.store.get(f"salts-{block.index}", np.uint64) if within_groups else NO_SALTS
        keys, classes, bounds = partition_class_keys(
            self.store.get(f"ids-{block.index}", np.uint64),
            self.store.get(f"starts-{block.index}", np.int64),
            self.store.get(f"labels-{block.index}", np.int32),
            order,
            salts,
            self.n_bits,
            slots,
        )
        arrays = {"keys": keys, "classes": classes, "bounds": bounds, "slots": slots}
        for kind, array in arrays.items():
            self.store.put(f"{stored_name(kind, order, within_groups)}-{block.index}", array)
        name = f"{stored_name('values', order, within_groups)}-{block.index}"
        self.store.create(name, block.n_positions, np.uint64)

    def _count_span(
        self, span: tuple[int, np.ndarray], *, order: int, within_groups: bool
    ) -> tuple[int, list[int]]:
        """Count the keys of a span of partitions.

        Args:
            span: its number, and int64 (B, partitions + 1) bounds.
            order, within_groups: see `count`.
        """
        index, bounds = span
        lengths = bounds[:, -1] - bounds[:, 0]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        keys = np.empty(offsets[-1], dtype=np.uint64)
        classes = np.empty(offsets[-1], dtype=np.uint16)
        values = np.empty(offsets[-1], dtype=np.uint64)
        pieces = list(zip(self.blocks, bounds[:, 0], offsets[:-1], offsets[1:], strict=True))
        for block, start, a, b in pieces:
            for kind, array in (("keys", keys), ("classes", classes)):
                name = f"{stored_name(kind, order, within_groups)}-{block.index}"
                self.store.read(name, start, array[a:b])
        n_distinct, pool, pool_bounds = count_classes(
            keys,
            classes,
            bounds - bounds[:, :1] + offsets[:-1, None],
            sum(block.fitted for block in self.blocks),
            self.n_classes,
            index,
            self.dtype,
            values,
        )
        for block, start, a, b in pieces:
            name = f"{stored_name('values', order, within_groups)}-{block.index}"
            self.store.write(name, start, values[a:b])
        self.store.put(f"{stored_name('pool', order, within_groups)}-{index}", pool)
        return n_distinct, pool_bounds.tolist()

    def _bounds(self, block: Block, order: int, within_groups: bool) -> np.ndarray:
        name = f"{stored_name('bounds', order, within_groups)}-{block.index}"
        return self.store.get(name, np.int64)
