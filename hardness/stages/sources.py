"""Partitions to encode: those of a reference, and those of the data that is scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hardness.io.dataset import Dataset
from hardness.io.records import Partition
from hardness.io.storage import signature
from hardness.stages.run import Run

_EXPANSION = 4
"""Bytes of text in a byte of Parquet or Arrow, a high guess."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A partition to encode.

    Attributes:
        index: of the block that it becomes; the reference's come first.
        dataset: where to read it, without the list of all partitions, which a task does not need.
        partition: which part of it.
        fitted: it is part of what is counted.
        scored: it is part of the data.
    """

    index: int
    dataset: Dataset
    partition: Partition
    fitted: bool
    scored: bool


def text_bytes(dataset: Dataset) -> int:
    """About how many bytes of plain text the files of a dataset hold."""
    return sum(
        signature(file.location).bytes * (1 if file.reader in ("jsonl", "text") else _EXPANSION)
        for file in dataset.files
    )


def encode_sources(
    task: Run, reference: Dataset | None, encode: Callable[[Source], dict[str, Any]]
) -> tuple[list[Source], list[dict[str, Any]]]:
    """Read the reference, if there is one, and the data, and leave in the store what is made of it.

    Args:
        task: what is computed.
        reference: what is fitted instead of the data.
        encode: applied to every source; what it returns must fit JSON.

    Returns:
        The sources, and what `encode` returned for each.
    """
    datasets = [task.dataset] if reference is None else [reference, task.dataset]
    pairs = [(dataset, part) for dataset in datasets for part in dataset.partitions]
    sources = [
        Source(
            index=index,
            dataset=replace(dataset, partitions=()),
            partition=partition,
            fitted=reference is None or dataset is reference,
            scored=dataset is task.dataset,
        )
        for index, (dataset, partition) in enumerate(pairs)
    ]
    results = task.cluster.map(
        "reading",
        encode,
        sources,
        sizes=[source.partition.rows for source in sources],
        unit="records",
        store=task.store,
    )
    return sources, results
