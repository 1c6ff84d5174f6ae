"""The linear proxy as stages: read features, then train and observe each fold.

Legend: n records, C classes, K folds, N chunks. A chunk holds records drawn from all over the data;
how many chunks there are follows from the size of the data alone, and a fold's task has one of them
in memory at a time.

What the store holds for each partition p, its records in order of chunk and then of row:

    proxy-hashes-p    uint32           features, see `hardness.proxy.features`
    proxy-counts-p    uint32 (n_p,)    how many each record has
    proxy-labels-p    int32 (n_p,)     the class of each record, -1 for none, by the partition's own
                                       numbering and then, under proxy-classes-p, by that of all
    proxy-rows-p      uint64 (n_p,)    global rows
    proxy-folds-p     uint32 (n_p,)

and `dynamics/epoch-001/fold-000.parquet`, a file for each epoch and fold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.io.atomic import write_parquet
from hardness.io.dataset import Dataset
from hardness.io.records import Partition
from hardness.io.text import join_columns
from hardness.ngram.tokenize import tokenize, tokenizers
from hardness.proxy.features import extract
from hardness.proxy.folds import chunks_of, folds_of, order_in_chunk, order_of_chunks
from hardness.proxy.softmax import bits_for, log_priors, new_weights, observe, train
from hardness.stages.groups import group_salts
from hardness.stages.labelled import check_number, numbered
from hardness.stages.run import Run
from hardness.stages.store import DiskStore, Store

CHUNK_BYTES = 32 << 20
"""Input bytes of a chunk; its features take two to four times as much memory."""
_FEATURES_PER_BYTE = 0.9
"""Of short English texts in two columns; most pairs of words come from there."""
_BYTES_OF_RECORD = 64
"""In the store beside its features, and its observations of one epoch."""


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
    """All features, in the store; it can be sent to workers."""

    store: Store
    blocks: tuple[Block, ...]
    number: int

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


def stored_bytes(dataset: Dataset, proxy: str, epochs: int) -> int:
    """About how much the stages leave in files at most."""
    features = int(4 * _FEATURES_PER_BYTE * sum(file.bytes for file in dataset.files))
    return features + dataset.rows * _BYTES_OF_RECORD * epochs


def record(task: Run, *, proxy: str, folds: int, epochs: int, seed: int) -> Path:
    """Train the linear proxy for each fold and record what it makes of the fold's records.

    Args:
        task: the run.
        proxy: `linear`, the only one of its kind.
        folds: K; 1 observes every record by a model that trained on it.
        epochs: at least 1.
        seed: of folds, chunks and orders.

    Returns:
        The folder of dynamics.

    Raises:
        HardnessError: the label has fewer than two classes, or too many.
    """
    assert isinstance(task.store, DiskStore), "`proxy_bytes` asks for files"
    n_bytes = sum(file.bytes for file in task.dataset.files)
    n_chunks = max(1, -(-n_bytes // CHUNK_BYTES))
    chunks, classes = _read_all(task, n_chunks=n_chunks, folds=folds, seed=seed)
    folder = task.store.folder / "dynamics"
    # Made here, so that workers need not race for it.
    for epoch in range(1, epochs + 1):
        (folder / f"epoch-{epoch:03d}").mkdir(parents=True, exist_ok=True)
    n_records = sum(int(block.records[-1]) for block in chunks.blocks)
    task.cluster.map(
        "training" if folds == 1 else f"training {folds} folds",
        partial(
            _train_fold,
            chunks=chunks,
            classes=classes,
            n_folds=folds,
            epochs=epochs,
            seed=seed,
            folder=folder,
        ),
        range(folds),
        sizes=[n_records * epochs] * folds,
        unit="records",
        store=task.store,
    )
    return folder


def _read_all(task: Run, *, n_chunks: int, folds: int, seed: int) -> tuple[Chunks, list[str]]:
    """Leave the features of all records in the store; returns them and the classes, in order."""
    store, dataset = task.store, task.dataset
    results = task.cluster.map(
        "reading",
        partial(
            _read_partition,
            dataset=replace(dataset, partitions=()),
            store=store,
            n_chunks=n_chunks,
            n_folds=folds,
            seed=seed,
        ),
        dataset.partitions,
        sizes=[partition.rows for partition in dataset.partitions],
        unit="records",
        store=store,
    )
    classes = sorted({name for result in results for name in result["classes"]})
    check_number(len(classes), dataset.columns.label)
    blocks = []
    for partition, result in zip(dataset.partitions, results, strict=True):
        codes = np.searchsorted(np.array(classes), np.array(result["classes"], dtype=str))
        known = np.append(codes, -1).astype(np.int32)  # one more at the end, where -1 leads
        local = store.get(f"proxy-labels-{partition.index}", np.int32)
        store.put(f"proxy-classes-{partition.index}", known[local])
        blocks.append(
            Block(
                index=partition.index,
                features=np.array(result["features"], dtype=np.int64),
                records=np.array(result["records"], dtype=np.int64),
            )
        )
    return Chunks(store=store, blocks=tuple(blocks), number=n_chunks), classes


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
        "records": [0, *np.cumsum(n_records).tolist()],
        "features": [0, *np.cumsum(n_features).tolist()],
    }


def _gathered(hashes: np.ndarray, starts: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The features of records in another order."""
    counts = np.diff(starts)[order]
    ends = np.cumsum(counts)
    # Where each feature is from: its place within the record, after where the record begins.
    return hashes[np.repeat(starts[order] - (ends - counts), counts) + np.arange(counts.sum())]


def _train_fold(
    fold: int,
    *,
    chunks: Chunks,
    classes: list[str],
    n_folds: int,
    epochs: int,
    seed: int,
    folder: Path,
) -> None:
    """Train on all folds but one, and after each epoch write what the model makes of that one."""
    counts = np.zeros(len(classes), dtype=np.int64)
    kept = chunks.load(0)  # the only one that is not read again for every epoch
    for chunk in (_chunk(chunks, kept, i) for i in range(chunks.number)):
        counts += np.bincount(chunk.labels[_trained(chunk, fold, n_folds)], minlength=len(classes))
    n_features = sum(int(block.features[-1]) for block in chunks.blocks)
    bits = bits_for(n_features, len(classes))
    priors, weights = log_priors(counts), new_weights(bits, len(classes))
    for epoch in range(epochs):
        for index in order_of_chunks(chunks.number, seed, epoch):
            chunk = _chunk(chunks, kept, int(index))
            order = order_in_chunk(len(chunk.rows), seed, epoch, int(index))
            order = order[_trained(chunk, fold, n_folds)[order]]
            train(order, chunk.hashes, chunk.starts, chunk.labels, bits, priors, weights)
        observed = [
            _observe(_chunk(chunks, kept, i), fold, n_folds, bits, priors, weights, classes)
            for i in range(chunks.number)
        ]
        path = folder / f"epoch-{epoch + 1:03d}" / f"fold-{fold:03d}.parquet"
        write_parquet(path, pa.concat_tables(observed))


def _chunk(chunks: Chunks, first: Chunk, index: int) -> Chunk:
    return first if index == 0 else chunks.load(index)


def _trained(chunk: Chunk, fold: int, n_folds: int) -> np.ndarray:
    """bool (n,): the records that the model of a fold trains on."""
    return chunk.seen & (chunk.folds != fold) if n_folds > 1 else chunk.seen


def _observe(
    chunk: Chunk,
    fold: int,
    n_folds: int,
    bits: int,
    priors: np.ndarray,
    weights: np.ndarray,
    classes: list[str],
) -> pa.Table:
    """What the model of a fold makes of the records of the fold, as dynamics."""
    chosen = np.flatnonzero(chunk.seen & (chunk.folds == fold) if n_folds > 1 else chunk.seen)
    m = len(chosen)
    values = {name: np.empty(m, np.float32) for name in ("gold_logprob", "margin", "error_norm")}
    correct, predicted = np.empty(m, np.bool_), np.empty(m, np.int32)
    observe(
        chosen, chunk.hashes, chunk.starts, chunk.labels, bits, priors, weights,
        values["gold_logprob"], correct, values["margin"], values["error_norm"], predicted,
    )  # fmt: skip
    named = pa.DictionaryArray.from_arrays(pa.array(predicted), pa.array(classes, pa.string()))
    return pa.table(
        {
            "row": chunk.rows[chosen],
            "gold_logprob": values["gold_logprob"],
            "correct": correct,
            "margin": values["margin"],
            "error_norm": values["error_norm"],
            "predicted": named,
        }
    )
