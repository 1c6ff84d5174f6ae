"""Classifiers as proxies: the trainer runs for each fold and observes the records it lacks.

What the store's folder holds while a fold is trained:

    fold-000/labels.json
                        how many records of all folds have each label
    fold-000/train      shards of the other folds' records, in a seeded random order
    fold-000/observe    shards of the fold's own records
    fold-000/run        the training run, with its checkpoints and dynamics

and once it is, `dynamics/epoch-001/fold-000.parquet`, a file for each epoch.
"""

from __future__ import annotations

import shutil
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from hardness.curriculum.manifest import HARDNESS, MANIFEST_NAME, POSITION, ROW, Manifest
from hardness.curriculum.write import write_shards
from hardness.inference.models import threads
from hardness.io.arrow import pc
from hardness.io.atomic import read_json, write_json, write_parquet
from hardness.io.dataset import Dataset
from hardness.io.records import Columns
from hardness.proxy.folds import folds_of, order_in_chunk
from hardness.stages.groups import group_salts
from hardness.stages.labelled import check_number
from hardness.stages.place import worker_number
from hardness.stages.run import Run
from hardness.stages.store import DiskStore
from hardness.training import names
from hardness.training.config import CLASSIFICATION, TINY
from hardness.training.models import folder_digest
from hardness.training.run import train

_FOLD, _LABEL = "fold", "label"
_COUNTS = "labels.json"
_SHARD_ROWS = 100_000
_COPIES = 8
"""Of a model on the disk: two checkpoints with both moments of AdamW, the model itself, and one
more where its files are half as wide as what is trained."""
_BYTES_OF_TINY = 8 << 20
_BYTES_OF_RECORD = 64
"""In the dynamics of one epoch, for a few classes."""

_busy = threading.Lock()
"""A worker may have several threads, and the trainer sets torch up for the whole process."""


def parameters(proxy: str) -> dict[str, Any]:
    """What decides the numbers beside what all proxies have: the model's contents, not its name."""
    return {} if proxy == TINY else {"proxy": "model", "model": folder_digest(Path(proxy))}


def stored_bytes(dataset: Dataset, proxy: str, epochs: int) -> int:
    """About how much the folds leave in files at most."""
    model = _BYTES_OF_TINY
    if proxy != TINY:
        model = sum(path.stat().st_size for path in Path(proxy).rglob("*") if path.is_file())
    texts = sum(file.bytes for file in dataset.files)
    return texts + dataset.rows * _BYTES_OF_RECORD * epochs + _COPIES * model


def record(
    task: Run, *, proxy: str, folds: int, epochs: int, seed: int
) -> tuple[Path, dict[str, int]]:
    """Train the model for each fold and record what it makes of the fold's records.

    In one process one fold follows the other; on a cluster every worker trains its own.

    Args:
        task: the run.
        proxy: `tiny` or the folder of a model in Hugging Face form.
        folds: K; 1 observes every record by a model that trained on it.
        epochs: at least 1.
        seed: of folds, orders and models.

    Returns:
        The folder of dynamics, and how many records have each label. A record whose label no other
        fold has is in none of the dynamics.

    Raises:
        HardnessError: the label has fewer than two classes or too many, or the model is none that
            can be trained to tell them.
    """
    assert isinstance(task.store, DiskStore), "`proxy_bytes` asks for files"
    folder = task.store.folder / names.DYNAMICS
    # Made here, so that workers need not race for it.
    for epoch in range(1, epochs + 1):
        (folder / f"epoch-{epoch:03d}").mkdir(parents=True, exist_ok=True)
    with threads(task.cluster.tasks_at_a_time):
        found = task.cluster.serial().map(
            "training" if folds == 1 else f"training {folds} folds",
            partial(
                _train_fold,
                dataset=task.dataset,
                model=proxy if proxy == TINY else str(Path(proxy).absolute()),
                n_folds=folds,
                epochs=epochs,
                seed=seed,
                work=task.store.folder.absolute(),
            ),
            range(folds),
            sizes=[task.dataset.rows * epochs] * folds,
            unit="records",
            store=task.store,
        )
    # Every fold has read all labels.
    return folder, found[0]


def _train_fold(
    fold: int, *, dataset: Dataset, model: str, n_folds: int, epochs: int, seed: int, work: Path
) -> dict[str, int]:
    """Train on all folds but one, and leave what the model makes of that one after each epoch.

    Returns:
        How many records of all folds have each label.
    """
    folder = work / f"fold-{fold:03d}"
    observes = _write_fold(folder, fold, dataset, n_folds=n_folds, seed=seed)
    counts: dict[str, int] = read_json(folder / _COUNTS)
    if not observes:
        return counts
    with _busy:
        if torch.cuda.is_available():
            torch.cuda.set_device(worker_number() % torch.cuda.device_count())
        run = train(
            folder / "train",
            folder / "run",
            task=CLASSIFICATION,
            model=model,
            epochs=epochs,
            seed=seed,
            observe=str(folder / "observe"),
            record_dynamics="after",
            record_logits=True,
            keep=1,
        ).output
    labels = read_json(run / names.CONFIG)["resolved"]["labels"]
    classes = sorted(labels, key=lambda name: labels[name])
    for epoch in range(1, epochs + 1):
        part = f"epoch-{epoch:03d}"
        observed = pq.read_table(run / names.DYNAMICS / part)
        path = work / names.DYNAMICS / part / f"fold-{fold:03d}.parquet"
        write_parquet(path, _with_predicted(observed, classes))
    shutil.rmtree(folder)
    return counts


def _write_fold(folder: Path, fold: int, dataset: Dataset, *, n_folds: int, seed: int) -> bool:
    """Write a fold's shards and the labels' counts, unless they are there; whether it observes."""
    if (folder / "observe" / MANIFEST_NAME).is_file():
        return True
    records = _labelled(dataset, n_folds, seed)
    counts = pc.value_counts(records.column(_LABEL)).to_pylist()
    check_number(len(counts), dataset.columns.label)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / _COUNTS, {each["values"]: each["counts"] for each in counts})
    own = records.column(_FOLD).to_numpy() == fold
    order = order_in_chunk(records.num_rows, seed, 0, 0)
    trained = records.take(order if n_folds == 1 else order[~own[order]])
    observed = records.filter(pa.array(own))
    known = pc.is_in(observed.column(_LABEL), pc.unique(trained.column(_LABEL)))
    observed = observed.filter(known)
    if observed.num_rows == 0:
        return False
    for name, table in (("train", trained), ("observe", observed)):
        shutil.rmtree(folder / name, ignore_errors=True)
        _write_shards(folder / name, table.drop_columns([_FOLD]), dataset, seed=seed)
    return True


def _labelled(dataset: Dataset, n_folds: int, seed: int) -> pa.Table:
    """Text columns by number, label as text, row and fold of the records that have a label."""
    columns = dataset.columns
    assert columns.label is not None
    wanted = [*columns.text, columns.label, *([columns.group] if columns.group else [])]
    pieces = []
    for partition in dataset.partitions:
        records = dataset.read(partition, list(dict.fromkeys(wanted)))
        salts = records.rows
        if columns.group is not None:
            salts = group_salts(records.table.column(columns.group), records.rows)
        table = {f"text_{i}": records.table.column(name) for i, name in enumerate(columns.text)}
        table[_LABEL] = records.table.column(columns.label).cast(pa.string())
        table[ROW] = pa.chunked_array([records.rows])
        table[_FOLD] = pa.chunked_array([folds_of(salts, n_folds, seed)])
        pieces.append(pa.table(table))
    found = pa.concat_tables(pieces, promote_options="permissive")
    return found.filter(pc.is_valid(found.column(_LABEL)))


def _write_shards(folder: Path, table: pa.Table, dataset: Dataset, *, seed: int) -> None:
    n = table.num_rows
    table = table.append_column(HARDNESS, pa.nulls(n, pa.float32()))
    table = table.append_column(POSITION, pa.array(np.arange(n, dtype=np.uint64)))
    manifest = Manifest(
        dataset={"digest": dataset.digest, "files": []},
        columns=Columns(
            text=tuple(name for name in table.column_names if name.startswith("text_")),
            label=_LABEL,
        ),
        metric={},
        curriculum={"order": "random"},
        seed=seed,
        hardness={"min": None, "mean": None, "max": None, "nulls": n},
        rows=n,
        shard_rows=_SHARD_ROWS,
    )
    write_shards(folder, table, manifest)


def _with_predicted(observed: pa.Table, classes: list[str]) -> pa.Table:
    """Dynamics with the name of the class of the greatest logit, in order of row."""
    observed = observed.filter(pc.is_valid(observed.column("gold_logprob"))).sort_by(ROW)
    logits = pc.list_flatten(observed.column("logits")).to_numpy().reshape(-1, len(classes))
    predicted = pa.array(logits.argmax(axis=1).astype(np.int32))
    named = pa.DictionaryArray.from_arrays(predicted, pa.array(classes, pa.string()))
    return observed.drop_columns(["logits"]).append_column("predicted", named)
