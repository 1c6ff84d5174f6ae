"""What falls away with each group: sums by group and class as stages.

What the store holds, G groups in the order of their salts and their (group, class) pairs:

    held-salts      uint64 (G,)
    held-types      int64 (G,)       by how much V falls without each group
    held-bounds     int64 (G + 1,)   where the pairs of each group begin
    held-classes    int64            the class of each pair, and by how much fall
    held-tokens     int64            N_y
    held-records    int64            R_y

The parts of one block are named alike, with `part-` for `held-` and the block at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from hardness.ngram.class_own import count_exclusive_class_types
from hardness.ngram.class_sums import Held
from hardness.stages.class_counts import ClassCounts
from hardness.stages.cluster import Cluster
from hardness.stages.ngram import Block
from hardness.stages.store import Store

_PAIRED = ("classes", "tokens", "records")


def sum_groups(cluster: Cluster, counts: ClassCounts, blocks: Sequence[Block]) -> None:
    """Sum over each group what V, N_y and R_y fall by without it; counts within groups are done."""
    cluster.map(
        "summing groups",
        partial(_sum_block, counts=counts),
        blocks,
        sizes=[block.n_positions for block in blocks],
        unit="tokens",
        store=counts.store,
    )
    store = counts.store
    salts, types, pair_salts, columns = [], [], [], []
    for block in blocks:
        part = _get(store, "part", f"-{block.index}")
        salts.append(part["salts"])
        types.append(part["types"])
        pair_salts.append(np.repeat(part["salts"], np.diff(part["bounds"])))
        columns.append([part[name] for name in _PAIRED])
    merged = [np.concatenate(arrays) for arrays in zip(*columns, strict=True)]
    salts, types, pair_salts = map(np.concatenate, (salts, types, pair_salts))
    _put(store, "held", "", salts, types, pair_salts, *merged)


def held_with(store: Store, salts: np.ndarray) -> Held:
    """What is held out with each record of these groups, uint64 (n,)."""
    sums = _get(store, "held", "")
    group = np.searchsorted(sums["salts"], salts)
    lengths = np.diff(sums["bounds"])[group]
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    pairs = np.arange(bounds[-1]) + np.repeat(sums["bounds"][group] - bounds[:-1], lengths)
    classes, tokens, records = (sums[name][pairs] for name in _PAIRED)
    return Held(bounds, classes, tokens, records, sums["types"][group])


def _sum_block(block: Block, *, counts: ClassCounts) -> None:
    store = counts.store
    starts = store.get(f"starts-{block.index}", np.int64)
    labels = store.get(f"labels-{block.index}", np.int32).astype(np.int64)
    salts = store.get(f"salts-{block.index}", np.uint64)
    lengths = np.diff(starts)
    types = np.empty(len(lengths), dtype=np.int64)
    own_rows = counts.rows(block, 1, within_groups=True)
    count_exclusive_class_types(starts, counts.rows(block, 1), own_rows, types)
    fitted = (labels >= 0) & (lengths > 0)
    _put(
        store, "part", f"-{block.index}", salts, types,
        salts[fitted], labels[fitted], lengths[fitted], np.ones(fitted.sum(), dtype=np.int64),
    )  # fmt: skip


def _put(
    store: Store,
    prefix: str,
    suffix: str,
    salts: np.ndarray,
    types: np.ndarray,
    pair_salts: np.ndarray,
    classes: np.ndarray,
    tokens: np.ndarray,
    records: np.ndarray,
) -> None:
    """Add up what has the same salt, or the same salt and class, and store it in their order."""
    unique, inverse = np.unique(salts, return_inverse=True)
    sums = {"types": _sums(inverse, types, len(unique))}
    order = np.lexsort((classes, pair_salts))
    pair_salts, classes = pair_salts[order], classes[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (pair_salts[1:] != pair_salts[:-1]) | (classes[1:] != classes[:-1])
    pair = np.cumsum(new) - 1
    for name, values in (("tokens", tokens), ("records", records)):
        sums[name] = _sums(pair, values[order], int(new.sum()))
    sums["classes"] = classes[new]
    group = np.searchsorted(unique, pair_salts[new])
    sums["bounds"] = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=len(unique)))])
    store.put(f"{prefix}-salts{suffix}", unique)
    for name, values in sums.items():
        store.put(f"{prefix}-{name}{suffix}", values.astype(np.int64))


def _sums(index: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, index, values)
    return sums


def _get(store: Store, prefix: str, suffix: str) -> dict[str, np.ndarray]:
    arrays = {
        name: store.get(f"{prefix}-{name}{suffix}", np.int64)
        for name in ("types", "bounds", *_PAIRED)
    }
    return arrays | {"salts": store.get(f"{prefix}-salts{suffix}", np.uint64)}
