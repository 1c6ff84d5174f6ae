"""Scores from another file as stages: route the keys of both, match them, write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.dataset import Dataset
from hardness.io.records import INTEGER, NULL, STRING, UNSIGNED, Columns
from hardness.io.sheet import open_sheet
from hardness.io.storage import signature
from hardness.metrics.base import Column, Metric
from hardness.metrics.given import check_name
from hardness.metrics.imported import ImportConfig
from hardness.stages.keyed import ROW, Matched, found_scores, match_by_key
from hardness.stages.reference import named, reference_digests, reference_files
from hardness.stages.run import PartWriter, Run, Tally
from hardness.stages.store import Store

_KEY_KINDS = (STRING, INTEGER, UNSIGNED)
_BYTES_PER_RECORD = 64
_EXPANSION = 8
"""Bytes of keys and numbers in a byte of Parquet or Arrow, a high guess."""


def settle(metric: Metric, config: ImportConfig, dataset: Dataset) -> Metric:
    """The metric with the file's columns and their directions.

    Raises:
        HardnessError: the file cannot be read, or the options do not fit it or the data.
    """
    key = _key(config, dataset.columns)
    _key_kind(dataset, key)
    with _opened(config, key) as (_, names):
        directions = config.directions(names)
    columns = tuple(
        Column(name=name, summary="from the file", harder=directions.get(name)) for name in names
    )
    return replace(
        metric, name=check_name(config.name or metric.name, metric.name), columns=columns
    )


def parameters(config: ImportConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores, beside the columns and their directions."""
    digests = reference_digests(list(config.source), "from")
    return {"on": _key(config, columns), "from": digests}


def store_bytes(config: ImportConfig, dataset: Dataset) -> tuple[int, int]:
    """About how much the stages need in memory, and how much they leave in files at most."""
    files = reference_files(list(config.source), "from")
    size = sum(signature(path).bytes for path in files) * _EXPANSION
    needed = size + dataset.rows * _BYTES_PER_RECORD
    return needed, needed


def run(task: Run, config: ImportConfig) -> Tally:
    """Give every record of the task's dataset its numbers and write the parts that are missing.

    Raises:
        HardnessError: a key is twice in the file, or none of its keys is a record's.
    """
    columns = [column.name for column in task.metric.columns]
    key = _key(config, task.dataset.columns)
    data = task.dataset
    if key != ROW:
        data = replace(data, kinds=data.kinds | {key: _key_kind(data, key)})
    with _opened(config, key) as (sheet, _):
        found = match_by_key(task, sheet, data, key, columns)
    if found.matched == 0:
        raise HardnessError(
            f"on must name records of the data, got {key!r}, under which the file has none of its "
            f"{found.records:,} records; name a column whose values both have"
        )
    task.writer.begin()
    task.cluster.map(
        "writing",
        partial(
            _write,
            store=task.store,
            columns=columns,
            has_id=data.columns.id is not None,
            writer=task.writer,
        ),
        task.writer.missing,
    )
    return Tally(
        rejects=found.rejects,
        facts={
            "matched": found.matched,
            "missing": found.records - found.matched,
            "unmatched": found.unmatched,
        },
        notes=_notes(found, ", ".join(config.source)),
    )


def _notes(found: Matched, files: str) -> tuple[str, ...]:
    missing = found.records - found.matched
    notes = [f"{found.matched:,} records found in {files}"]
    if missing:
        notes.append(f"{missing:,} records are not in it and have no score")
    if found.unmatched:
        notes.append(f"{found.unmatched:,} of its keys are no record's")
    return tuple(notes)


def _key(config: ImportConfig, columns: Columns) -> str:
    key = config.on or columns.id
    if key is None:
        raise HardnessError(
            "on must be a column that names each record, got none, and the data has no id; name "
            "one with --on, or --on row where the file has each record's 0-based place"
        )
    return key


def _key_kind(dataset: Dataset, key: str) -> str:
    """What the keys of the data are; of its rows, integers."""
    if key == ROW:
        return INTEGER
    kind = dataset.kinds.get(key) or dataset.kind_of(key)
    if kind not in (*_KEY_KINDS, NULL):
        raise HardnessError(
            f"on must be a column of strings or integers, got {key!r}, which holds {kind}s in the "
            "data; name another"
        )
    return STRING if kind == NULL else kind


@contextmanager
def _opened(config: ImportConfig, key: str) -> Iterator[tuple[Dataset, list[str]]]:
    with named("from"):
        sheet, columns = open_sheet(list(config.source), key, config.chosen)
    with sheet:
        yield sheet, columns


def _write(
    block: int, *, store: Store, columns: list[str], has_id: bool, writer: PartWriter
) -> None:
    rows = store.get(f"rows-{block}", np.uint64)
    scores: dict[str, pa.Array] = {}
    for column, name in enumerate(columns):
        values = found_scores(store, block, column, len(rows))
        scores[name] = pa.array(values, mask=np.isnan(values))
    ids = store.get_column(f"names-{block}") if has_id else None
    writer.write(block, rows, scores, ids=ids)
