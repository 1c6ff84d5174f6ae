"""`hardness score`: compute one metric for one dataset, into its hardness table."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hardness.io.dataset import Paths, open_dataset
from hardness.io.rejects import write_rejects
from hardness.io.table import create_table, default_folder
from hardness.metrics import metrics
from hardness.progress import Progress
from hardness.stages.cluster import open_cluster
from hardness.stages.run import Run


@dataclass(frozen=True, kw_only=True)
class ScoreResult:
    """What `score` did.

    Attributes:
        table: the folder of the hardness table.
        metric: the metric's name.
        cached: the table had this very result already, and nothing was computed.
        detected: lines that say which files and columns were read.
        rows: records, rejected ones included.
        nulls: records whose score is null.
        rejects: records that could not be read, now in `rejects.jsonl`.
        n_tokens: tokens scored; None for metrics without tokens and where cached.
        seconds: wall time of the computation, reading included; None where cached.
    """

    table: Path
    metric: str
    cached: bool
    detected: tuple[str, ...]
    rows: int
    nulls: int
    rejects: int
    n_tokens: int | None = None
    seconds: float | None = None


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
    partition_bytes: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> ScoreResult:
    """Score every record of a dataset.

    The same call again finds the result and computes nothing; after a crash it goes on with the
    parts that are missing. The result does not depend on `threads` or `partition_bytes`.

    Args:
        data: files, globs or folders; see `hardness.io.dataset.open_dataset`.
        metric: which metric; `hardness metrics` lists them.
        output: the table's folder; beside the data where None (`data.jsonl`: `data.hardness`).
        text, label, id, group, on_error: see `hardness.io.dataset.open_dataset`.
        overwrite: replace a table of other data in the same folder.
        threads: tasks at a time; all cores where None.
        partition_bytes: bytes of input a task reads; chosen from the size of the data where None.
        progress: is told of every finished task.
        options: the metric's own, for example `order`, `tokenizer`, `holdout` and `reference`.

    Raises:
        HardnessError: bad data or options.
    """
    began = time.perf_counter()
    spec = metrics.get(metric)
    config = spec.configure(options)
    sources = open_dataset(
        data,
        text=text,
        label=label,
        id=id,
        group=group,
        on_error=on_error,
        partition_bytes=partition_bytes,
    )
    with sources as dataset:
        table = create_table(output or default_folder(data), dataset, overwrite=overwrite)
        writer = table.metric_writer(spec, parameters=asdict(config), dataset=dataset)
        n_tokens = None
        cached = writer.complete
        if not cached:
            with open_cluster(threads=threads, progress=progress) as cluster:
                task = Run(dataset=dataset, cluster=cluster, writer=writer)
                n_tokens = spec.load_runner()(task, config).n_tokens
            dataset.check_unchanged()
            write_rejects(writer.folder, task.rejects)
            writer.finish(seconds=time.perf_counter() - began)
        return ScoreResult(
            table=table.folder,
            metric=metric,
            cached=cached,
            detected=tuple(dataset.describe()),
            rows=dataset.rows,
            nulls=0,
            rejects=0,
            n_tokens=n_tokens,
            seconds=None if cached else time.perf_counter() - began,
        )
