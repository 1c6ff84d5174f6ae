"""The linear proxy as stages: read features, then train and observe each fold.

Legend: n records, C classes, K folds. A fold's task has one chunk of the records in memory at a
time, see `hardness.stages.proxy_chunks`, and leaves `dynamics/epoch-001/fold-000.parquet` in the
store's folder, a file for each epoch and fold.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from hardness.io.atomic import write_parquet
from hardness.io.dataset import Dataset
from hardness.proxy.folds import order_in_chunk, order_of_chunks
from hardness.proxy.softmax import bits_for, log_priors, new_weights, observe, train
from hardness.stages.proxy_chunks import Chunk, Chunks, read_chunks
from hardness.stages.run import Run
from hardness.stages.store import DiskStore

_FEATURES_PER_BYTE = 0.9
"""Of short English texts in two columns; most pairs of words come from there."""
_BYTES_OF_RECORD = 64
"""In the store beside its features, and its observations of one epoch."""


def stored_bytes(dataset: Dataset, proxy: str, epochs: int) -> int:
    """About how much the stages leave in files at most."""
    features = int(4 * _FEATURES_PER_BYTE * sum(file.bytes for file in dataset.files))
    return features + dataset.rows * _BYTES_OF_RECORD * epochs


def record(
    task: Run, *, proxy: str, folds: int, epochs: int, seed: int
) -> tuple[Path, dict[str, int]]:
    """Train the linear proxy for each fold and record what it makes of the fold's records.

    Args:
        task: the run.
        proxy: `linear`, the only one of its kind.
        folds: K; 1 observes every record by a model that trained on it.
        epochs: at least 1.
        seed: of folds, chunks and orders.

    Returns:
        The folder of dynamics, and how many records have each label.

    Raises:
        HardnessError: the label has fewer than two classes, or too many.
    """
    assert isinstance(task.store, DiskStore), "`proxy_bytes` asks for files"
    chunks = read_chunks(task, folds=folds, seed=seed)
    folder = task.store.folder / "dynamics"
    # Made here, so that workers need not race for it.
    for epoch in range(1, epochs + 1):
        (folder / f"epoch-{epoch:03d}").mkdir(parents=True, exist_ok=True)
    task.cluster.map(
        "training" if folds == 1 else f"training {folds} folds",
        partial(
            _train_fold,
            chunks=chunks,
            n_folds=folds,
            epochs=epochs,
            seed=seed,
            folder=folder,
        ),
        range(folds),
        sizes=[chunks.n_records * epochs] * folds,
        unit="records",
        store=task.store,
    )
    return folder, chunks.counts


def _train_fold(
    fold: int, *, chunks: Chunks, n_folds: int, epochs: int, seed: int, folder: Path
) -> None:
    """Train on all folds but one, and after each epoch write what the model makes of that one."""
    n_classes = len(chunks.classes)
    counts = np.zeros(n_classes, dtype=np.int64)
    kept = chunks.load(0)  # the only one that is not read again for every epoch
    for chunk in (_chunk(chunks, kept, i) for i in range(chunks.number)):
        counts += np.bincount(chunk.labels[_trained(chunk, fold, n_folds)], minlength=n_classes)
    bits = bits_for(chunks.n_features, n_classes)
    priors, weights = log_priors(counts), new_weights(bits, n_classes)
    for epoch in range(epochs):
        for index in order_of_chunks(chunks.number, seed, epoch):
            chunk = _chunk(chunks, kept, int(index))
            order = order_in_chunk(len(chunk.rows), seed, epoch, int(index))
            order = order[_trained(chunk, fold, n_folds)[order]]
            train(order, chunk.hashes, chunk.starts, chunk.labels, bits, priors, weights)
        observed = [
            _observe(_chunk(chunks, kept, i), fold, bits, priors, weights, chunks.classes)
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
    bits: int,
    priors: np.ndarray,
    weights: np.ndarray,
    classes: tuple[str, ...],
) -> pa.Table:
    """What the model of a fold makes of the records of the fold, as dynamics."""
    chosen = np.flatnonzero(chunk.seen & (chunk.folds == fold))
    m = len(chosen)
    gold_logprob, margin, error_norm = (np.empty(m, np.float32) for _ in range(3))
    correct, predicted = np.empty(m, np.bool_), np.empty(m, np.int32)
    observe(
        chosen, chunk.hashes, chunk.starts, chunk.labels, bits, priors, weights,
        gold_logprob, correct, margin, error_norm, predicted,
    )  # fmt: skip
    named = pa.DictionaryArray.from_arrays(pa.array(predicted), pa.array(classes, pa.string()))
    return pa.table(
        {
            "row": chunk.rows[chosen],
            "gold_logprob": gold_logprob,
            "correct": correct,
            "margin": margin,
            "error_norm": error_norm,
            "predicted": named,
        }
    )
