"""`hardness score`: compute one metric for one dataset, into its hardness table."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from hardness.io.dataset import Paths, open_dataset
from hardness.io.digest import object_digest
from hardness.io.files import default_folder
from hardness.io.metric import MetricInfo
from hardness.io.rejects import write_rejects
from hardness.io.table import HardnessTable, create_table
from hardness.memory import parse_memory
from hardness.metrics import metrics
from hardness.progress import Progress
from hardness.stages.cluster import open_cluster
from hardness.stages.run import Run
from hardness.stages.store import DiskStore, open_store

_PARTITIONS_IN_MEMORY = 64
"""A task holds up to about eight times its partition, and up to eight tasks run at a time."""


@dataclass(frozen=True, kw_only=True)
class ScoreResult:
    """What `score` did.

    Attributes:
        table: the hardness table.
        info: the metric, with its summary.
        cached: the table had this very result already, and nothing was computed.
        resumed: what an interrupted run had done was used.
        replaced: a result of other parameters or data gave way.
        detected: lines that say which files and columns were read.
        seconds: wall time of this call.
    """

    table: HardnessTable
    info: MetricInfo
    cached: bool
    resumed: bool
    replaced: bool
    detected: tuple[str, ...]
    seconds: float


def score(
    data: Paths,
    *,
    metric: str = "perplexity",
    output: str | os.PathLike[str] | None = None,
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    id: str | None = None,
    group: str | None = None,
    on_error: str = "raise",
    overwrite: bool = False,
    threads: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    memory: int | str | None = None,
    work: str | os.PathLike[str] | None = None,
    partition_bytes: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> ScoreResult:
    """Score every record of a dataset.

    The same call again finds the result and computes nothing; after a crash it goes on with the
    parts that are missing. The result does not depend on where it runs, nor on `memory` or
    `partition_bytes`.

    Args:
        data: files, globs or folders; see `hardness.io.dataset.open_dataset`.
        metric: which metric; `hardness metrics` lists them.
        output: the table's folder; beside the data where None (`data.jsonl`: `data.hardness`).
        text, label, id, group, on_error: see `hardness.io.dataset.open_dataset`.
        overwrite: score again what is there, and replace a table of other data.
        threads, workers, scheduler: where it runs; see `hardness.stages.cluster.open_cluster`.
        memory: bytes to stay below, such as "4GB"; 4 GB where None. What does not fit is left in
            files until the table is complete.
        work: folder for those files; inside the table where None. Workers on other machines must
            see it.
        partition_bytes: bytes of input that a task reads; chosen from the size of the data and the
            memory where None.
        progress: is told of every finished task.
        options: the metric's own, for example `order`, `tokenizer`, `holdout` and `reference`.

    Raises:
        HardnessError: bad data or options.
    """
    began = time.perf_counter()
    spec = metrics.get(metric)
    config = spec.configure(options)
    stage = spec.load_stage()
    limit = parse_memory(memory)
    folder = default_folder(data) if output is None else Path(output)
    sources = open_dataset(
        data,
        text=text,
        label=label,
        id=id,
        group=group,
        on_error=on_error,
        partition_bytes=partition_bytes,
        # Workers elsewhere do not see this machine's temporary folder.
        work=folder.parent if work is None and scheduler is not None else work,
        largest_partition_bytes=limit // _PARTITIONS_IN_MEMORY,
    )
    with sources as dataset:
        table = create_table(folder, dataset, replace=overwrite)
        writer = table.metric_writer(
            metric,
            parameters=stage.parameters(config, dataset.columns),
            direction={c.name: c.harder for c in spec.columns if c.harder is not None},
            columns={c.name: pa.type_for_alias(c.type) for c in spec.columns},
            dataset=dataset,
            replace=overwrite,
        )
        cached, resumed = writer.status == "complete", writer.status == "resume"
        if not cached:
            where = {"threads": threads, "workers": workers, "scheduler": scheduler}
            with open_cluster(progress=progress, **where) as cluster:
                in_memory, in_files = stage.store_bytes(config, dataset)
                stored = open_store(
                    writer.path / "work" if work is None else Path(work),
                    run=object_digest(writer.plan),
                    in_memory=cluster.in_process and in_memory <= limit,
                    disk_bytes=in_files,
                    durable=scheduler is not None,
                )
                with stored as store:
                    task = Run(dataset=dataset, cluster=cluster, store=store, writer=writer)
                    on_disk = isinstance(store, DiskStore)
                    resumed = resumed or (on_disk and store.resumes)
                    with cluster.sharing(writer.path, *([store.folder] if on_disk else [])):
                        tally = stage.run(task, config)
            dataset.check_unchanged()
            if tally.rejects:
                write_rejects(writer.path / "rejects.jsonl", tally.rejects)
            writer.finish(
                seconds=time.perf_counter() - began,
                extra={"rejects": len(tally.rejects), "tokens": tally.n_tokens},
            )
        info = table.metric(metric)
        return ScoreResult(
            table=table,
            info=info,
            cached=cached,
            resumed=resumed,
            replaced=writer.replaced,
            detected=tuple(dataset.describe()),
            seconds=time.perf_counter() - began,
        )
