"""Numbers of a file matched with records by a key, as stages: route both, match.

Keys are compared as text, byte by byte, so 7 matches "7". They are routed to buckets by a hash, so
that what a task matches fits in memory whatever the size of the file; a bucket holds about a
million keys. Values wait for their records in the store, as 8 bytes a number.

What the store holds, for each block b of the file (`file-`) and of the data (`data-`):

    file-text-b     uint8              the keys, bucket after bucket
    file-sizes-b    uint32 (n_b,)      the length of each in bytes
    file-bounds-b   int64 (P + 1,)     where the buckets begin and end, in keys
    file-bytes-b    int64 (P + 1,)     the same, in bytes
    file-score-c-b  float64 (n_b,)     numbers of column c, in the keys' order; NaN is null

and for the data the same without scores, as well as

    data-order-b    int64 (n_b,)       the place in the block of each key; not of records without
    data-score-c-b  float64 (n_b,)     the numbers that were found; NaN where none was
    rows-b          uint64             global row of each record
    names-b         Arrow              the `id` column; only where there is one
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.dataset import Dataset
from hardness.io.numbers import numbers
from hardness.io.records import Partition, Reject
from hardness.io.text import contiguous
from hardness.ngram.hashing import hash_strings
from hardness.ngram.match import NOWHERE, match_strings
from hardness.ngram.strings import string_buffers
from hardness.stages.partitions import map_partitions
from hardness.stages.run import Run, rejects_of
from hardness.stages.slices import Slices
from hardness.stages.store import Store

ROW = "row"
"""The key of the data that is the records' own place and no column."""

_KEYS_PER_BUCKET = 1 << 20
_MOST_BITS = 12


@dataclass(frozen=True, kw_only=True)
class Matched:
    """What matching found.

    Attributes:
        records: of the data.
        matched: those that the file has.
        unmatched: lines of the file that are of no record.
        rejects: records of the data that could not be read.
    """

    records: int
    matched: int
    unmatched: int
    rejects: list[Reject]


def match_by_key(task: Run, sheet: Dataset, data: Dataset, key: str, columns: list[str]) -> Matched:
    """Find the numbers of every record of the data in a file, and leave them in the store.

    Args:
        task: what is computed.
        sheet: the file, see `hardness.io.sheet.open_sheet`.
        data: the task's dataset, told to read the key as what it is.
        key: a column of both, or `ROW`.
        columns: of the sheet.

    Raises:
        HardnessError: a key is twice in the file.
    """
    n_buckets = max(1, (sheet.rows + data.rows) // _KEYS_PER_BUCKET)
    n_bits = min((n_buckets - 1).bit_length(), _MOST_BITS)
    for stage, dataset, route in (
        ("reading scores", sheet, partial(_route_file, columns=columns)),
        ("reading", data, partial(_route_data, n_columns=len(columns))),
    ):
        put = partial(route, store=task.store, key=key, n_bits=n_bits)
        results = map_partitions(task.cluster, stage, put, dataset, store=task.store)
    buckets = _buckets(task.store, len(sheet.partitions), len(data.partitions), n_bits)
    counts = task.cluster.map(
        "matching",
        partial(_match_bucket, store=task.store, n_columns=len(columns)),
        buckets,
        sizes=[int(bucket["data-bounds"].sizes.sum()) for bucket in buckets],
        unit="records",
        store=task.store,
    )
    return Matched(
        records=sum(result["records"] for result in results),
        matched=sum(count["matched"] for count in counts),
        unmatched=sheet.rows - sum(count["used"] for count in counts),
        rejects=rejects_of(results),
    )


def found_scores(store: Store, block: int, column: int, n_records: int) -> np.ndarray:
    """float64 (n_records,): the numbers of a column for a block of the data; NaN for none."""
    values = np.full(n_records, np.nan)
    order = store.get(f"data-order-{block}", np.int64)
    values[order] = store.get(f"data-score-{column}-{block}", np.float64)
    return values


def _route_file(
    partition: Partition,
    *,
    dataset: Dataset,
    store: Store,
    key: str,
    n_bits: int,
    columns: list[str],
) -> None:
    table = dataset.read(partition, [key, *columns]).table
    order = _put_keys(store, "file", partition.index, _text(table, key), n_bits)
    for column, name in enumerate(columns):
        values = numbers(table.column(name)).to_numpy(zero_copy_only=False)
        store.put(f"file-score-{column}-{partition.index}", values[order])


def _route_data(
    partition: Partition,
    *,
    dataset: Dataset,
    store: Store,
    key: str,
    n_bits: int,
    n_columns: int,
) -> dict[str, Any]:
    block, id_column = partition.index, dataset.columns.id
    wanted = [name for name in (None if key == ROW else key, id_column) if name is not None]
    records = dataset.read(partition, list(dict.fromkeys(wanted)))
    keys = pa.array(records.rows).cast(pa.string()) if key == ROW else _text(records.table, key)
    order = _put_keys(store, "data", block, keys, n_bits)
    store.put(f"data-order-{block}", order)
    store.put(f"rows-{block}", records.rows)
    if id_column is not None:
        store.put_column(f"names-{block}", records.table.column(id_column))
    for column in range(n_columns):
        store.create(f"data-score-{column}-{block}", len(order), np.float64)
    rejects = [asdict(reject) for reject in records.rejects]
    return {"records": len(records.rows), "rejects": rejects}


def _text(table: pa.Table, key: str) -> pa.Array:
    return contiguous(table.column(key).cast(pa.string()))


def _put_keys(store: Store, side: str, block: int, keys: pa.Array, n_bits: int) -> np.ndarray:
    """Leave keys in the store, by bucket; int64 places of those that are not null."""
    order, bounds = _bucket_order(keys, n_bits)
    text, offsets = string_buffers(keys.take(pa.array(order)))
    store.put(f"{side}-text-{block}", text)
    store.put(f"{side}-sizes-{block}", np.diff(offsets).astype(np.uint32))
    store.put(f"{side}-bounds-{block}", bounds)
    store.put(f"{side}-bytes-{block}", offsets[bounds])
    return order


def _bucket_order(keys: pa.Array, n_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """int64 places of the keys that are not null, by bucket, and int64 (P + 1,) bounds."""
    places = np.flatnonzero(np.asarray(keys.is_valid()))
    data, offsets = string_buffers(keys.drop_null())
    hashes = np.empty(len(places), dtype=np.uint64)
    hash_strings(data, offsets, hashes)
    # A shift by 64 is undefined, so two shifts.
    buckets = ((hashes >> np.uint64(1)) >> np.uint64(63 - n_bits)).astype(np.uint16)
    order = np.argsort(buckets, kind="stable")
    sizes = np.bincount(buckets, minlength=1 << n_bits)
    return places[order], np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _buckets(store: Store, n_file: int, n_data: int, n_bits: int) -> list[dict[str, Slices]]:
    """Where each bucket lies in the blocks of both sides, in keys and in bytes."""
    stacked = {
        f"{side}-{kind}": np.stack(
            [store.get(f"{side}-{kind}-{block}", np.int64) for block in range(n_blocks)]
        )
        for side, n_blocks in (("file", n_file), ("data", n_data))
        for kind in ("bounds", "bytes")
    }
    return [
        {
            name: Slices(blocks=tuple(range(len(ends))), bounds=ends[:, bucket : bucket + 2])
            for name, ends in stacked.items()
        }
        for bucket in range(1 << n_bits)
    ]


def _match_bucket(slices: dict[str, Slices], *, store: Store, n_columns: int) -> dict[str, int]:
    data, offsets, hashes = _read_keys(slices, store, "file")
    places, repeated = match_strings(data, offsets, hashes, *_read_keys(slices, store, "data"))
    if repeated != NOWHERE:
        name = data[offsets[repeated] : offsets[repeated + 1]].tobytes().decode()
        raise HardnessError(
            f"from must have each key once, got {name!r} twice; keep one line of each"
        )
    found = places != NOWHERE
    for column in range(n_columns):
        scores = slices["file-bounds"].read(store, f"file-score-{column}", np.float64)
        values = np.full(len(places), np.nan)
        values[found] = scores[places[found]]
        slices["data-bounds"].write(store, f"data-score-{column}", values)
    return {"matched": int(np.count_nonzero(found)), "used": len(np.unique(places[found]))}


def _read_keys(
    slices: dict[str, Slices], store: Store, side: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The bytes, bounds and hashes of a bucket's keys."""
    data = slices[f"{side}-bytes"].read(store, f"{side}-text", np.uint8)
    sizes = slices[f"{side}-bounds"].read(store, f"{side}-sizes", np.uint32)
    offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    hashes = np.empty(len(sizes), dtype=np.uint64)
    hash_strings(data, offsets, hashes)
    return data, offsets, hashes
