"""A stage with a task for each partition of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from hardness.io.dataset import Dataset
from hardness.io.records import Partition
from hardness.stages.cluster import Cluster
from hardness.stages.store import Store


def map_partitions(
    cluster: Cluster,
    stage: str,
    function: Callable[..., Any],
    dataset: Dataset,
    *,
    partitions: Sequence[Partition] | None = None,
    store: Store | None = None,
) -> list[Any]:
    """What `function` returns for each partition, in their order.

    Args:
        cluster, stage, store: see `hardness.stages.cluster.Cluster.map`.
        function: called with a partition and, as `dataset`, what it is read from: the data without
            the list of all partitions, which a task does not need.
        dataset: the data.
        partitions: those of its partitions that are wanted; all where None.
    """
    partitions = dataset.partitions if partitions is None else partitions
    return cluster.map(
        stage,
        partial(function, dataset=replace(dataset, partitions=())),
        partitions,
        sizes=[partition.rows for partition in partitions],
        unit="records",
        store=store,
    )
