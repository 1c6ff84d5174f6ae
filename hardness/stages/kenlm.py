"""Perplexity under a KenLM model as stages: estimate the model unless it is given, then score."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from hardness.io.arrow import from_numpy
from hardness.io.dataset import Dataset
from hardness.io.digest import file_digest
from hardness.io.records import Columns, Partition
from hardness.io.storage import local_path
from hardness.io.text import join_columns
from hardness.metrics.kenlm import KenlmConfig
from hardness.ngram.kenlm_pool import LocalScorer, Scorer, check_kenlm, check_model, open_pool
from hardness.ngram.model_config import ModelConfig
from hardness.ngram.spell import spell
from hardness.ngram.tokenize import tokenizers
from hardness.stages.lm import warn_of_fallbacks
from hardness.stages.model import store_bytes as model_bytes
from hardness.stages.model import write_model
from hardness.stages.partitions import map_partitions
from hardness.stages.reference import open_reference, reference_digests
from hardness.stages.run import PartWriter, Run, Tally, rejects_of
from hardness.stages.store import DiskStore, MemoryStore


def parameters(config: KenlmConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores.

    Raises:
        HardnessError: there is no such model or reference, or no kenlm.
    """
    check_kenlm()
    decided: dict[str, Any] = {"tokenizer": config.tokenizer}
    if config.skip_symbols:
        decided["skip_symbols"] = True
    if config.model is not None:
        check_model(local_path("model", config.model))
        return decided | {"model": file_digest(config.model)}
    decided |= {"order": config.estimate.order, "prune": list(config.estimate.thresholds)}
    if config.reference:
        return decided | {"reference": reference_digests(config.reference)}
    return decided | {"holdout": "none"}


def store_bytes(config: KenlmConfig, dataset: Dataset) -> tuple[int, int]:
    """About how much the stages need in memory, and how much they leave in files at most."""
    if config.model is not None:
        return 0, 0
    if not config.reference:
        needed = model_bytes(config.estimate, dataset)
    else:
        with open_reference(config.reference, dataset.columns) as reference:
            needed = model_bytes(config.estimate, reference)
    return needed, needed


def run(task: Run, config: KenlmConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    with _model(task, config) as model, _scorer(task, model) as scorer:
        task.writer.begin()
        missing = set(task.writer.missing)
        # Bad records have to be found again in parts that are there.
        every = task.dataset.on_error == "skip"
        partitions = [p for p in task.dataset.partitions if every or p.index in missing]
        score = partial(
            _score, config=config.estimate, scorer=scorer, writer=task.writer, missing=missing
        )
        results = map_partitions(
            task.cluster, "scoring", score, task.dataset, partitions=partitions
        )
    return Tally(
        n_tokens=sum(result["n_tokens"] for result in results),
        rejects=rejects_of(results),
    )


@contextmanager
def _model(task: Run, config: KenlmConfig) -> Iterator[Path]:
    """The model that is given, or one estimated of the reference or of the data itself."""
    if config.model is not None:
        yield Path(config.model)
        return
    with tempfile.TemporaryDirectory(prefix="hardness-") as scratch:
        # On disk, a later run finds it; in memory, a store of its own is free again for scoring.
        store = task.store if isinstance(task.store, DiskStore) else MemoryStore()
        path = (store.folder if isinstance(store, DiskStore) else Path(scratch)) / "model.arpa"
        if not path.exists():
            if config.reference:
                columns = task.dataset.columns
                with open_reference(config.reference, columns, reading=task.reading) as reference:
                    _, model = write_model(task.cluster, store, reference, config.estimate, path)
            else:
                _, model = write_model(task.cluster, store, task.dataset, config.estimate, path)
            warn_of_fallbacks(model.discounts)
        del store
        yield path


@contextmanager
def _scorer(task: Run, model: Path) -> Iterator[Scorer]:
    if task.cluster.in_process:
        n_processes = min(task.cluster.tasks_at_a_time, len(task.dataset.partitions))
        with open_pool(model, max(1, n_processes)) as pool:
            yield pool
    else:
        yield LocalScorer(path=str(model.resolve()))


def _score(
    partition: Partition,
    *,
    dataset: Dataset,
    config: ModelConfig,
    scorer: Scorer,
    writer: PartWriter,
    missing: set[int],
) -> dict[str, Any]:
    columns = dataset.columns
    wanted = [*columns.text, *([columns.id] if columns.id is not None else [])]
    records = dataset.read(partition, list(dict.fromkeys(wanted)))
    rejects = [asdict(reject) for reject in records.rejects]
    if partition.index not in missing:
        return {"n_tokens": 0, "rejects": rejects}
    texts = join_columns(records.table, columns.text)
    spelled = spell(texts, tokenizers.get(config.tokenizer), skip_symbols=config.skip_symbols)
    scores = scorer.score(spelled.data, spelled.starts)
    undefined = scores.n_tokens == 0
    # One more is predicted than there are tokens: the end mark.
    nll = scores.log10 * -log(10) / (scores.n_tokens + 1)
    writer.write(
        partition.index,
        records.rows,
        {
            "perplexity": from_numpy(np.exp(nll), undefined),
            "nll": from_numpy(nll, undefined),
            "n_tokens": from_numpy(scores.n_tokens.astype(np.uint32)),
            "n_oov": from_numpy(scores.n_oov.astype(np.uint32), undefined),
        },
        ids=None if columns.id is None else records.table.column(columns.id),
    )
    return {"n_tokens": int(scores.n_tokens.sum()), "rejects": rejects}
