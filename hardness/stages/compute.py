"""Computing a metric that its table lacks: its stages run, its parts written, its facts noted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardness.errors import HardnessError
from hardness.io.dataset import Dataset
from hardness.io.digest import object_digest
from hardness.io.metric_writer import MetricWriter
from hardness.io.rejects import write_rejects
from hardness.io.storage import work_folder
from hardness.metrics import Metric
from hardness.stages.cluster import Cluster
from hardness.stages.resources import Resources
from hardness.stages.run import Run, Tally
from hardness.stages.store import DiskStore, open_store
from hardness.stages.work import alone


def compute(
    metric: Metric,
    config: Any,
    dataset: Dataset,
    writer: MetricWriter,
    resources: Resources,
    *,
    began: float,
) -> bool:
    """Compute what the table lacks of a metric and mark it complete.

    Args:
        metric: what is asked for.
        config: its options.
        dataset: the records.
        writer: of the metric, which is not complete.
        resources: what may be used.
        began: when, by `time.perf_counter`.

    Returns:
        Whether stages went on from what a former run had left in its files.

    Raises:
        HardnessError: bad data, no good record among them, another run in this folder, or what the
            metric refuses.
    """
    writer.opening.claim()
    with alone(writer.path):
        with resources.cluster() as cluster:
            tally, went_on = _run_stages(metric, config, dataset, writer, cluster, resources)
        dataset.check_unchanged()
        _finish(writer, dataset, tally, began)
    return went_on


def _run_stages(
    metric: Metric,
    config: Any,
    dataset: Dataset,
    writer: MetricWriter,
    cluster: Cluster,
    resources: Resources,
) -> tuple[Tally, bool]:
    """Run the metric's stages, in memory if they fit and share this process.

    Returns:
        What the stages found, and whether they went on from what a former run had left.
    """
    stage = metric.load_stage()
    in_memory, on_disk = stage.store_bytes(config, dataset)
    stored = open_store(
        work_folder(writer.path, "work") if resources.work is None else resources.work,
        run=_identity(writer.plan, resources.reading),
        in_memory=cluster.in_process and in_memory <= resources.memory,
        disk_bytes=on_disk,
        durable=resources.durable,
    )
    with stored as store:
        task = Run(
            metric=metric,
            dataset=dataset,
            cluster=cluster,
            store=store,
            writer=writer,
            reading=resources.reading,
        )
        went_on = isinstance(store, DiskStore) and store.resumes
        written = list(store.folders)
        if isinstance(writer.path, Path):
            writer.path.mkdir(parents=True, exist_ok=True)
            written.insert(0, writer.path)
        with cluster.sharing(*written):
            return stage.run(task, config), went_on


def _identity(plan: Mapping[str, Any], reading: Mapping[str, Any]) -> str:
    """Digest of all that decides what stages leave in files."""
    # The plan knows the partitions of the data, but not those of a reference.
    bounded = "reference" in plan["parameters"]
    return object_digest([plan, reading["largest_partition_bytes"] if bounded else None])


def _finish(writer: MetricWriter, dataset: Dataset, tally: Tally, began: float) -> None:
    """List the bad records and mark the metric complete, unless there is none but bad ones."""
    listed = writer.path / "rejects.jsonl"
    if tally.rejects:
        write_rejects(listed, tally.rejects)
    if len(tally.rejects) == dataset.rows:
        raise HardnessError(
            f"data must hold a good record, got {dataset.rows:,} bad ones; see {listed}"
        )
    writer.finish(
        seconds=time.perf_counter() - began,
        extra={
            "rejects": len(tally.rejects),
            "tokens": tally.n_tokens,
            "notes": list(tally.notes),
            **tally.facts,
        },
    )
