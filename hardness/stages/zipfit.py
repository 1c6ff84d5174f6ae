"""Alignment by compression as stages: draw the target's texts, score."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.arrow import pc
from hardness.io.dataset import Dataset
from hardness.io.records import Columns, Partition, Records
from hardness.io.text import join_columns
from hardness.metrics.zipfit import ZipfitConfig
from hardness.ngram.alignment import open_aligner
from hardness.ngram.hashing import uniform
from hardness.stages.partitions import map_partitions
from hardness.stages.parts import write_parts
from hardness.stages.reference import open_reference, reference_digests
from hardness.stages.run import Run, Tally

_CHUNK_RECORDS = 256
"""Sent to the process that compresses at a time."""


def parameters(config: ZipfitConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores."""
    return {"targets": config.targets, "reference": reference_digests(config.reference)}


def store_bytes(config: ZipfitConfig, dataset: Dataset) -> tuple[int, int]:
    """Nothing is kept for later stages but the names of finished tasks."""
    return 0, 0


def run(task: Run, config: ZipfitConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    columns = task.dataset.columns
    with open_reference(config.reference, columns, reading=task.reading) as reference:
        draw = partial(_draw, most=config.targets)
        drawn = map_partitions(
            task.cluster, "reading the target", draw, reference, store=task.store
        )
    lots = sorted(tuple(lot) for own in drawn for lot in own)[: config.targets]
    if not lots:
        raise HardnessError(
            "reference must have a record with text, got none; name the text column with --text"
        )
    targets = [target.encode() for _, _, target in lots]
    missing = frozenset(task.writer.missing)
    score = partial(_score, text=columns.text, targets=targets, missing=missing)
    _, rejects = write_parts(task, task.dataset, [*columns.text], score)
    return Tally(rejects=rejects, facts={"compared": len(targets)})


def _draw(partition: Partition, *, dataset: Dataset, most: int) -> list[tuple[float, int, str]]:
    """The lot, row and text of the records of a partition with the lowest lots."""
    texts, rows, _ = dataset.read_text(partition)
    filled = np.flatnonzero(_filled(texts))
    lots = uniform(rows[filled])
    chosen = np.argsort(lots, kind="stable")[:most]
    return [
        (float(lots[i]), int(rows[filled[i]]), texts[int(filled[i])].as_py())
        for i in chosen.tolist()
    ]


def _filled(texts: pa.Array) -> np.ndarray:
    """bool (n,): whether a text has more than white space."""
    blank = pc.equal(pc.utf8_trim_whitespace(pc.fill_null(texts, "")), "")
    return ~blank.to_numpy(zero_copy_only=False)


def _score(
    partition: Partition,
    records: Records,
    *,
    text: tuple[str, ...],
    targets: list[bytes],
    missing: frozenset[int],
) -> tuple[dict[str, pa.Array], dict[str, int]]:
    texts = join_columns(records.table, text)
    filled = np.flatnonzero(_filled(texts))
    values = np.full(len(texts), np.nan)
    if partition.index in missing:  # unlike counting, comparing takes long
        with open_aligner(targets) as aligner:
            for start in range(0, len(filled), _CHUNK_RECORDS):
                chunk = filled[start : start + _CHUNK_RECORDS]
                plain = texts.take(pa.array(chunk)).cast(pa.large_binary()).to_pylist()
                values[chunk] = aligner.align(plain)
    return {"alignment": pa.array(values, mask=np.isnan(values))}, {}
