"""Metrics that look at one partition at a time and leave nothing for later stages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import pyarrow as pa

from hardness.io.dataset import Dataset
from hardness.io.records import Partition, Records, Reject
from hardness.stages.partitions import map_partitions
from hardness.stages.run import PartWriter, Run, rejects_of

Score = Callable[[Partition, Records], tuple[dict[str, pa.Array], dict[str, int]]]
"""The metric's columns for the records of a partition, and counts to add up over partitions."""


def write_parts(
    task: Run, dataset: Dataset, names: list[str], score: Score
) -> tuple[dict[str, int], list[Reject]]:
    """Read every partition and write the parts that are missing.

    Args:
        task: what is to be computed.
        dataset: the task's, which may be told to read further columns as something.
        names: the columns that `score` reads; the id is read, too.
        score: see `Score`; of every partition, as counts must not depend on what a run that was
            interrupted had written.

    Returns:
        The sums of the counts, and the bad records.
    """
    task.writer.begin()
    write = partial(
        _write_part,
        names=names,
        score=score,
        writer=task.writer,
        missing=frozenset(task.writer.missing),
    )
    results = map_partitions(task.cluster, "scoring", write, dataset)
    counts: dict[str, int] = {}
    for result in results:
        for name, count in result["counts"].items():
            counts[name] = counts.get(name, 0) + count
    return counts, rejects_of(results)


def _write_part(
    partition: Partition,
    *,
    dataset: Dataset,
    names: list[str],
    score: Score,
    writer: PartWriter,
    missing: frozenset[int],
) -> dict[str, Any]:
    id_column = dataset.columns.id
    wanted = [*names, *([] if id_column is None else [id_column])]
    records = dataset.read(partition, list(dict.fromkeys(wanted)))
    columns, counts = score(partition, records)
    if partition.index in missing:
        ids = None if id_column is None else records.table.column(id_column)
        writer.write(partition.index, records.rows, columns, ids=ids)
    return {"counts": counts, "rejects": [asdict(reject) for reject in records.rejects]}
