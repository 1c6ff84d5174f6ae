"""Groups that are held out together: which records they are, and what the corpus is without them.

What the store holds where groups are held out, for each block b of the data:

    salts-b         uint64 (n_b,)   equal for records of one group
    held-salts      uint64 (G,)     the groups, sorted
    held-tokens     int64 (G,)      by how much N and V fall without each group
    held-types      int64 (G,)

and, until they are added up, `part-salts-b`, `part-tokens-b` and `part-types-b` of each block.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.io.arrow import pc
from hardness.ngram.hashing import hash_strings
from hardness.ngram.interpolate import count_exclusive_types
from hardness.ngram.strings import string_buffers
from hardness.stages.ngram import Block, NgramCounts
from hardness.stages.run import Run
from hardness.stages.store import Store


def group_salts(groups: pa.ChunkedArray, rows: np.ndarray) -> np.ndarray:
    """uint64 (n,), equal for records of one group; a record without a group is one by itself.

    Args:
        groups: the group column (n,), strings, integers or booleans.
        rows: uint64 (n,), the records' global rows.
    """
    # The prefixes keep "no group, row 7" apart from a group called "7".
    names = pc.binary_join_element_wise("g", groups.cast(pa.string()), "")
    alone = groups.is_null()
    own = pc.binary_join_element_wise("r", pa.array(rows).cast(pa.string()), "")
    filled = pc.if_else(alone, own, names)
    data, offsets = string_buffers(pa.concat_arrays(filled.chunks))
    salts = np.empty(len(rows), dtype=np.uint64)
    hash_strings(data, offsets, salts)
    return salts


def sum_groups(task: Run, counts: NgramCounts, blocks: list[Block]) -> None:
    """Sum over each group its predicted tokens and the types that no other group has."""
    task.cluster.map(
        "summing groups",
        partial(_sum_groups_of_block, counts=counts),
        blocks,
        sizes=[block.n_positions for block in blocks],
        unit="tokens",
        store=task.store,
    )
    parts = [
        (
            task.store.get(f"part-salts-{block.index}", np.uint64),
            task.store.get(f"part-tokens-{block.index}", np.int64),
            task.store.get(f"part-types-{block.index}", np.int64),
        )
        for block in blocks
    ]
    _put_sums(task.store, "held", "", *map(np.concatenate, zip(*parts, strict=True)))


def held_with(store: Store, block: Block) -> tuple[np.ndarray, np.ndarray]:
    """int64 (n_b,) each: by how much N and V fall without the group of each record of a block."""
    salts = store.get(f"salts-{block.index}", np.uint64)
    group = np.searchsorted(store.get("held-salts", np.uint64), salts)
    return (
        store.get("held-tokens", np.int64)[group],
        store.get("held-types", np.int64)[group],
    )


def _sum_groups_of_block(block: Block, *, counts: NgramCounts) -> None:
    store = counts.store
    starts = store.get(f"starts-{block.index}", np.int64)
    unigrams = counts.at_positions(block, 1)[0]
    own = counts.at_positions(block, 1, within_groups=True)[0]
    n_types = np.empty(len(starts) - 1, dtype=np.int64)
    count_exclusive_types(starts, unigrams, own, n_types)
    salts = store.get(f"salts-{block.index}", np.uint64)
    _put_sums(store, "part", f"-{block.index}", salts, np.diff(starts), n_types)


def _put_sums(
    store: Store, prefix: str, suffix: str, salts: Any, n_tokens: Any, n_types: Any
) -> None:
    """Add up what has the same salt, and store the salts in order with their sums."""
    unique, inverse = np.unique(salts, return_inverse=True)
    store.put(f"{prefix}-salts{suffix}", unique)
    for name, values in (("tokens", n_tokens), ("types", n_types)):
        sums = np.zeros(len(unique), dtype=np.int64)
        np.add.at(sums, inverse, values)
        store.put(f"{prefix}-{name}{suffix}", sums)
