"""The records of the data that dynamics are matched with: their rows, ids and labels.

What the store holds of each partition i of the data and prefix p of hashes:

    carto-rows-i       uint64 (n_i,)  rows of the good records
    carto-names-i      column         their ids, if the data has any
    carto-labels-i     column         their labels, where these are to name classes
    carto-ids-i, carto-id-rows-i   uint64 (n_i,)   hashes of the ids and their rows, by prefix,
                                                   where records of the dynamics have guids

Ids are equal if their texts are, by 64 bits of a hash; see `hardness.ngram.hashing`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.io.dataset import Dataset
from hardness.io.dynamics import JSONL, Dynamics
from hardness.io.records import Partition, Reject
from hardness.stages.partitions import map_partitions
from hardness.stages.run import Run, rejects_of
from hardness.stages.store import Store

_IDS_A_PREFIX = 1 << 15
"""So that the hashes of a prefix stay in a core's cache."""
_MOST_PREFIX_BITS = 9
"""Each prefix is a read and a write of every piece of the dynamics."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """The data's records in the store.

    Attributes:
        rejects: those that could not be read.
        ends: int64 (partitions, prefixes + 1), see above; None where ids are not to be matched.
    """

    rejects: list[Reject]
    ends: np.ndarray | None


def find_records(task: Run, dynamics: Dynamics, *, with_labels: bool) -> Records:
    """Leave the data's rows, ids and labels in the store."""
    dataset = task.dataset
    matched = dynamics.format == JSONL and dataset.columns.id is not None
    bits = prefix_bits(dataset.rows) if matched else None
    find = partial(_find_records, store=task.store, bits=bits, with_labels=with_labels)
    results = map_partitions(task.cluster, "finding records", find, dataset, store=task.store)
    return Records(
        rejects=rejects_of(results),
        ends=np.array([result["ends"] for result in results]) if matched else None,
    )


def prefix_bits(rows: int) -> int:
    """How many bits of the hashes part the ids of so many records."""
    return min(_MOST_PREFIX_BITS, max(1, rows // _IDS_A_PREFIX).bit_length() - 1)


def _find_records(
    part: Partition, *, dataset: Dataset, store: Store, bits: int | None, with_labels: bool
) -> dict[str, Any]:
    columns = dataset.columns
    wanted = [columns.id, columns.label if with_labels else None]
    records = dataset.read(part, list(dict.fromkeys(n for n in wanted if n is not None)))
    store.put(f"carto-rows-{part.index}", records.rows)
    if columns.id is not None:
        store.put_column(f"carto-names-{part.index}", records.table.column(columns.id))
    if with_labels:
        assert columns.label is not None
        store.put_column(f"carto-labels-{part.index}", records.table.column(columns.label))
    ends = None
    if bits is not None:
        assert columns.id is not None
        ids = records.table.column(columns.id).cast(pa.string())
        known = ids.is_valid().to_numpy()
        keys = hashes(_one(ids.drop_null()))
        order, ends = by_prefix(keys, bits)
        store.put(f"carto-ids-{part.index}", keys[order])
        store.put(f"carto-id-rows-{part.index}", records.rows[known][order])
    return {"rejects": [asdict(reject) for reject in records.rejects], "ends": ends}


def _one(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def hashes(texts: pa.Array) -> np.ndarray:
    """uint64 (n,) hashes of texts."""
    from hardness.ngram.hashing import hash_strings
    from hardness.ngram.strings import string_buffers

    found = np.empty(len(texts), dtype=np.uint64)
    hash_strings(*string_buffers(texts), found)
    return found


def by_prefix(keys: np.ndarray, bits: int) -> tuple[np.ndarray, list[int]]:
    """The order of keys by their first bits, and where each prefix begins and ends."""
    prefixes = (keys >> np.uint64(64 - bits) if bits else np.zeros_like(keys)).astype(np.uint16)
    order = np.argsort(prefixes, kind="stable")
    counts = np.bincount(prefixes, minlength=1 << bits)
    return order, [0, *np.cumsum(counts).tolist()]
