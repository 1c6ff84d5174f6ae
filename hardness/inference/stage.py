"""Scoring every record of a dataset by models, part by part.

In one process one model at a time works on one part at a time, while the texts of its next block
are encoded; on a cluster every worker has its own. A model is loaded by a process once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from hardness.inference.batching import batches, block_rows
from hardness.inference.halving import in_memory
from hardness.inference.models import forget, loaded, threads
from hardness.inference.probe import Encoded, Found, Pass, Probe
from hardness.inference.spans import Block, Span, SpanReader, spans
from hardness.io.dataset import Dataset
from hardness.io.metric_writer import MetricWriter
from hardness.metrics.model_options import N_CUT, N_TOKENS
from hardness.stages.run import PartWriter, Run, Tally, rejects_of
from hardness.training.data import prefetched
from hardness.training.tasks import Task

BATCH_TOKENS = {"cpu": 512, "cuda": 16_384}
"""Padded tokens of a batch where nothing else is said: on a CPU, what its caches can hold."""
_BLOCKS_AHEAD = 2
"""Blocks encoded while another is being scored."""

_busy = threading.Lock()
"""A worker may have several threads, and its device room for one batch."""


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """What the tasks of a run have in common."""

    dataset: Dataset
    probe: Probe
    writer: PartWriter
    missing: frozenset[int]
    batch_tokens: int | None


def store_bytes(config: Any, dataset: Dataset) -> tuple[int, int]:
    """Nothing is left for later stages, in memory or in files."""
    return 0, 0


def run(task: Run, probe: Probe, *, batch_tokens: int | None, max_length: int) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing.

    Args:
        task: the run.
        probe: the metric's part in it.
        batch_tokens: of a batch; None for what suits the device.
        max_length: beyond which texts are cut off, for the note that says so.
    """
    task.writer.begin()
    missing = task.writer.missing
    # Bad records have to be found again in parts that are there.
    every = task.dataset.on_error == "skip"
    chosen = range(len(task.dataset.partitions)) if every else missing
    size = block_rows(batch_tokens or max(BATCH_TOKENS.values()))
    items = spans(task.dataset.partitions, chosen, size)
    cluster = task.cluster.serial()
    try:
        with threads(task.cluster.tasks_at_a_time):
            results = cluster.map(
                "scoring",
                partial(
                    _score,
                    scoring=Scoring(
                        dataset=replace(task.dataset, partitions=()),
                        probe=probe,
                        writer=task.writer,
                        missing=frozenset(missing),
                        batch_tokens=batch_tokens,
                    ),
                ),
                items,
                sizes=[span.own.rows for span in items],
                unit="records",
            )
    finally:
        if task.cluster.in_process:
            forget()
    n_tokens, n_cut = _totals(task, missing, results)
    note = (
        f"{n_cut:,} records were longer than {max_length} tokens and cut off there; raise "
        "--max-length if the model can take more"
    )
    return Tally(
        n_tokens=n_tokens,
        rejects=rejects_of(results),
        facts={"cut_records": n_cut},
        notes=(note,) if n_cut else (),
    )


def _totals(task: Run, missing: list[int], results: list[dict[str, Any]]) -> tuple[int | None, int]:
    """Tokens scored, None of a metric that does not count them, and records that were cut off.

    Those of the parts that a former run wrote included.
    """
    named = [column.name for column in task.metric.columns]
    counted = [name for name in (N_TOKENS, N_CUT) if name in named]
    n_tokens = sum(result["n_tokens"] for result in results)
    n_cut = sum(result["n_cut"] for result in results)
    for index in sorted(set(range(len(task.dataset.partitions))) - set(missing)):
        assert isinstance(task.writer, MetricWriter)
        part = task.writer.read(index, counted)
        found = {name: np.nan_to_num(part.column(name).to_numpy()) for name in counted}
        n_cut += int(np.count_nonzero(found[N_CUT]))
        n_tokens += int(found[N_TOKENS].sum()) if N_TOKENS in found else 0
    return n_tokens if N_TOKENS in counted else None, n_cut


def _score(span: Span, *, scoring: Scoring) -> dict[str, Any]:
    dataset, columns = scoring.dataset, scoring.dataset.columns
    wanted = scoring.probe.columns
    if wanted is not None and columns.id is not None:
        wanted = tuple(dict.fromkeys((*wanted, columns.id)))
    reader = SpanReader(dataset, span, wanted)
    rejects = [asdict(reject) for reject in reader.own.rejects]
    if span.own.index not in scoring.missing:
        return {"n_tokens": 0, "n_cut": 0, "rejects": rejects}
    found = _find(reader, scoring)
    scoring.writer.write(
        span.own.index,
        reader.own.rows,
        scoring.probe.finish(found),
        ids=None if columns.id is None else reader.own.table.column(columns.id),
    )
    return {
        "n_tokens": int(found.units.sum()),
        "n_cut": int(np.count_nonzero(found.cut)),
        "rejects": rejects,
    }


def _find(reader: SpanReader, scoring: Scoring) -> Found:
    """What the passes find of the reader's own records."""
    probe = scoring.probe
    with _busy, torch.no_grad():
        models = [loaded(each.spec) for each in probe.passes]
        batch_tokens = scoring.batch_tokens or BATCH_TOKENS[models[0].device.type]
        task = probe.task(models[0])

        def encoded() -> Iterator[tuple[Block, list[Encoded]]]:
            for block in reader.blocks(block_rows(batch_tokens)):
                filled = [table for table in block.tables if table.num_rows]
                yield block, [e for table in filled for e in probe.encode(task, table)]

        values: list[list[np.ndarray]] = [[np.zeros((each.size, 0))] for each in probe.passes]
        units, cut = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        with closing(prefetched(encoded, _BLOCKS_AHEAD)) as stream:
            for block, records in stream:
                for index, each in enumerate(probe.passes):
                    computed = _compute(each, index, task, block, records, batch_tokens)
                    values[index].append(computed[:, block.own])
                own = [record for record, mine in zip(records, block.own, strict=True) if mine]
                units.append(np.array([e.examples[0].units for e in own], dtype=np.int64))
                cut.append(np.array([e.cut for e in own], dtype=np.int64))
    return Found(
        values=tuple(np.concatenate(blocks, axis=1) for blocks in values),
        units=np.concatenate(units),
        cut=np.concatenate(cut),
    )


def _compute(
    each: Pass, index: int, task: Task, block: Block, records: list[Encoded], batch_tokens: int
) -> np.ndarray:
    """(k, n) of a block's records, NaN where an example has no units or is none of the span's."""
    model = loaded(each.spec)
    examples = [record.examples[index] for record in records]
    lengths = [len(example.ids) if example.units else 0 for example in examples]
    result = np.full((each.size, len(examples)), np.nan)
    for group in batches(lengths, batch_tokens):
        if not block.own[group].any():
            continue
        chosen = [examples[index] for index in group]
        result[:, group] = in_memory(partial(each.compute, model, task), chosen, model.ceiling)
    return result
