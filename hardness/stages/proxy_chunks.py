"""The features of the linear proxy in chunks: read and left in the store, loaded one at a time.

Legend: n records, K folds, N chunks. A chunk holds records drawn from all over the data; how many
chunks there are follows from the size of the data alone.

What the store holds for each partition p, its records in order of chunk and then of row:

    proxy-hashes-p    uint32           features, see `hardness.proxy.features`
    proxy-counts-p    uint32 (n_p,)    how many each record has
    proxy-labels-p    int32 (n_p,)     the class of each record, -1 for none, by the partition's own
                                       numbering and then, under proxy-classes-p, by that of all
    proxy-rows-p      uint64 (n_p,)    global rows
    proxy-folds-p     uint32 (n_p,)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hardness.io.dataset import Dataset
from hardness.io.records import Partition
from hardness.io.text import join_columns
from hardness.ngram.tokenize import tokenize, tokenizers
from hardness.proxy.features import extract
from hardness.proxy.folds import chunks_of, folds_of
from hardness.stages.groups import group_salts
from hardness.stages.label_counts import add_counts, count_classes
from hardness.stages.labelled import all_classes, check_number, numbered, renumbered
from hardness.stages.partitions import map_partitions
from hardness.stages.run import Run
from hardness.stages.store import Store

CHUNK_BYTES = 32 << 20
"""Input bytes of a chunk; its features take two to four times as much memory."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """The features of one partition, in the store.

    Attributes:
        index: of the partition.
        features: int64 (N + 1,) where each chunk's features begin and end.
        records: int64 (N + 1,) where its records do.
    """

    index: int
    features: np.ndarray
    records: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Records in memory, in order of row; n of them.

    Attributes:
        hashes, starts: see `hardness.proxy.features.Features`.
        labels: int32 (n,) class, -1 for none.
        rows: uint64 (n,).
        folds: uint32 (n,).
    """

    hashes: np.ndarray
    starts: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    folds: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """bool (n,): whether a record has a label and a feature, so that something can be said."""
        return (self.labels >= 0) & (np.diff(self.starts) > 0)


@dataclass(frozen=True, kw_only=True)
class Chunks:
    """All records, in the store; it can be sent to workers.

    Attributes:
        store: where they are.
        blocks: one for each partition, in their order.
        number: N.
        counts: the names of the labels, in order, and how many records have each.
    """

    store: Store
    blocks: tuple[Block, ...]
    number: int
    counts: dict[str, int]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the labels, in order."""
        return tuple(self.counts)

    @property
    def n_records(self) -> int:
        """How many records all chunks hold."""
        return sum(int(block.records[-1]) for block in self.blocks)

    @property
    def n_features(self) -> int:
        """How many features they have, one that several have being counted as often."""
        return sum(int(block.features[-1]) for block in self.blocks)

    def load(self, chunk: int) -> Chunk:
        """One chunk. Partitions are contiguous in row, so its records come in order of row."""
        return Chunk(
            hashes=self._read("hashes", chunk, np.uint32, features=True),
            starts=np.concatenate(
                ([0], np.cumsum(self._read("counts", chunk, np.uint32), dtype=np.int64))
            ),
            labels=self._read("classes", chunk, np.int32),
            rows=self._read("rows", chunk, np.uint64),
            folds=self._read("folds", chunk, np.uint32),
        )

    def _read(self, name: str, chunk: int, dtype: Any, *, features: bool = False) -> np.ndarray:
        bounds = [block.features if features else block.records for block in self.blocks]
        sizes = [int(bound[chunk + 1] - bound[chunk]) for bound in bounds]
        out = np.empty(sum(sizes), dtype=dtype)
        at = 0
        for block, bound, size in zip(self.blocks, bounds, sizes, strict=True):
            self.store.read(f"proxy-{name}-{block.index}", int(bound[chunk]), out[at : at + size])
            at += size
        return out


def read_chunks(task: Run, *, folds: int, seed: int) -> Chunks:
    """Leave the features of all records in the store.

    Args:
        task: the run.
        folds: K.
        seed: of folds and chunks.

    Raises:
        HardnessError: the label has fewer than two classes, or too many.
    """
    store, dataset = task.store, task.dataset
    n_chunks = max(1, -(-sum(file.bytes for file in dataset.files) // CHUNK_BYTES))
    read = partial(_read_partition, store=store, n_chunks=n_chunks, n_folds=folds, seed=seed)
    results = map_partitions(task.cluster, "reading", read, dataset, store=store)
    classes = all_classes(results, dataset.columns.label)
    blocks = []
    for partition, result in zip(dataset.partitions, results, strict=True):
        index = partition.index
        local = store.get(f"proxy-labels-{index}", np.int32)
        store.put(f"proxy-classes-{index}", renumbered(local, result["classes"], classes))
        blocks.append(
            Block(
                index=index,
                features=np.array(result["features"], dtype=np.int64),
                records=np.array(result["records"], dtype=np.int64),
            )
        )
    counts = add_counts(results)
    ordered = {name: counts[name] for name in classes}
    return Chunks(store=store, blocks=tuple(blocks), number=n_chunks, counts=ordered)


def _read_partition(
    partition: Partition, *, dataset: Dataset, store: Store, n_chunks: int, n_folds: int, seed: int
) -> dict[str, Any]:
    columns = dataset.columns
    assert columns.label is not None
    names = [*columns.text, columns.label]
    if columns.group is not None:
        names.append(columns.group)
    records = dataset.read(partition, list(dict.fromkeys(names)))
    words = tokenizers.get("words")
    features = extract(
        [tokenize(join_columns(records.table, (name,)), words) for name in columns.text]
    )
    classes, labels = numbered(records.table.column(columns.label))
    check_number(max(2, len(classes)), columns.label)
    rows = records.rows
    salts = rows
    if columns.group is not None:
        salts = group_salts(records.table.column(columns.group), rows)
    chunks = chunks_of(rows, n_chunks, seed)
    order = np.argsort(chunks, kind="stable")
    counts = np.diff(features.starts)
    arrays = {
        "hashes": _gathered(features.hashes, features.starts, order),
        "counts": counts[order].astype(np.uint32),
        "labels": labels[order],
        "rows": rows[order],
        "folds": folds_of(salts, n_folds, seed)[order],
    }
    for name, array in arrays.items():
        store.put(f"proxy-{name}-{partition.index}", array)
    n_records = np.bincount(chunks, minlength=n_chunks)
    n_features = np.bincount(chunks, weights=counts, minlength=n_chunks).astype(np.int64)
    return {
        "classes": classes,
        "counts": count_classes(labels, len(classes)),
        "records": [0, *np.cumsum(n_records).tolist()],
        "features": [0, *np.cumsum(n_features).tolist()],
    }


def _gathered(hashes: np.ndarray, starts: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The features of records in another order."""
    counts = np.diff(starts)[order]
    ends = np.cumsum(counts)
    # Where each feature is from: its place within the record, after where the record begins.
    return hashes[np.repeat(starts[order] - (ends - counts), counts) + np.arange(counts.sum())]
