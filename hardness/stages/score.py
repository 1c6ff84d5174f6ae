"""`hardness score`: compute one metric for one dataset, into its hardness table."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.added import warn_of_collisions
from hardness.io.dataset import Dataset, Paths, open_dataset
from hardness.io.examples import Examples, find_examples
from hardness.io.files import default_folder
from hardness.io.metric import MetricInfo
from hardness.io.metric_writer import MetricWriter
from hardness.io.records import Columns
from hardness.io.storage import AnyPath, Location, local_path, locate
from hardness.io.table import HardnessTable, create_table, open_table
from hardness.memory import parse_memory
from hardness.metrics import Metric, metrics
from hardness.progress import Progress
from hardness.stages.compute import compute
from hardness.stages.examine import examine, load
from hardness.stages.resources import Resources

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
        detected: lines that say which files and columns were read, and of a label how many classes
            it has, if the metric counted them.
        seconds: wall time of this call.
        examples: the easiest and the hardest records, if asked for.
    """

    table: HardnessTable
    info: MetricInfo
    cached: bool
    resumed: bool
    replaced: bool
    detected: tuple[str, ...]
    seconds: float
    examples: Examples | None = None


def score(
    data: Paths | None = None,
    *,
    metric: str = "perplexity",
    output: AnyPath | None = None,
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
    examples: int = 0,
    progress: Progress | None = None,
    **options: Any,
) -> ScoreResult:
    """Score every record of a dataset.

    The same call again finds the result and computes nothing; after a crash it goes on with the
    parts that are missing. The result does not depend on where it runs, nor on `memory` or
    `partition_bytes`.

    Args:
        data: files, globs or folders, as paths or URLs; see `hardness.io.dataset.open_dataset`.
            None where the options tell: for the dynamics of a run, what it was trained on.
        metric: which metric; `hardness metrics` lists them.
        output: the table's folder, a URL too; beside the data where None (`data.jsonl`:
            `data.hardness`).
        text, label, id, group, on_error: see `hardness.io.dataset.open_dataset`.
        overwrite: score again what is there, and replace a table of other data.
        threads, workers, scheduler: where it runs; see `hardness.stages.cluster.open_cluster`.
        memory: bytes to stay below, such as "4GB"; 4 GB where None. What does not fit is left in
            files until the table is complete.
        work: local folder for those files; where None, inside the table, or in the user's cache if
            that is remote. Workers on other machines must see it.
        partition_bytes: bytes of input that a task reads; chosen from the size of the data and the
            memory where None.
        examples: how many of the easiest and of the hardest records to return.
        progress: is told of every finished task.
        options: the metric's own, for example `order`, `tokenizer`, `holdout` and `reference`.

    Raises:
        HardnessError: bad data or options.
    """
    began = time.perf_counter()
    spec = metrics.get(metric)
    config = spec.configure(options)
    load(spec)  # so that a missing package is told before the data is read
    limit = parse_memory(memory)
    work = None if work is None else local_path("work", work)
    columns: dict[str, Any] = {"text": text, "label": label, "id": id, "group": group}
    if data is None:
        data, implied = _implied_data(spec, config)
        columns = {part: name or getattr(implied, part) for part, name in columns.items()}
    folder = default_folder(data) if output is None else locate(output)
    resources = Resources(
        threads=threads,
        workers=workers,
        scheduler=scheduler,
        progress=progress,
        memory=limit,
        work=work,
        reading={
            "work": _staging(folder, scheduler) if work is None else work,
            "largest_partition_bytes": limit // _PARTITIONS_IN_MEMORY,
        },
    )
    resources.check()
    sources = open_dataset(
        data,
        **columns,
        on_error=on_error,
        partition_bytes=spec.partition_bytes if partition_bytes is None else partition_bytes,
        **resources.reading,
    )
    with sources as dataset:
        spec, decided = examine(spec, config, dataset)
        warn_of_collisions(dataset.column_names)
        table = create_table(folder, dataset, replace=overwrite)
        writer = _writer(table, spec, decided, dataset, replace=overwrite)
        cached, resumed = writer.status == "complete", writer.status == "resume"
        if cached:
            _check_rejects(table.metric(spec.name), on_error)
            writer.begin()
        else:
            resumed |= compute(spec, config, dataset, writer, resources, began=began)
        table = open_table(table.path)
        shown = None
        if examples:
            shown = find_examples(table, dataset, spec.name, easiest=examples, hardest=examples)
        info = table.metric(spec.name)
        return ScoreResult(
            table=table,
            info=info,
            cached=cached,
            resumed=resumed,
            replaced=writer.replaced,
            detected=tuple(_described(dataset, info)),
            seconds=time.perf_counter() - began,
            examples=shown,
        )


def _described(dataset: Dataset, info: MetricInfo) -> Iterator[str]:
    """What was found and detected, with the classes of the label where the metric counted them."""
    classes = info.content.get("classes")
    for line in dataset.describe():
        counted = classes is not None and line.startswith("label: ")
        yield f"{line}, {classes:,} classes" if counted else line


def _implied_data(spec: Metric, config: Any) -> tuple[Paths, Columns]:
    """The data that a metric's options tell, and its columns.

    Raises:
        HardnessError: they do not.
    """
    implied = getattr(spec.load_stage(), "implied_data", None)
    if implied is None:
        raise HardnessError(f"data must be named for {spec.name}, got none; give its files")
    return implied(config)


def _staging(folder: Location, scheduler: str | None) -> Path | None:
    """Where plain copies of the data go: workers elsewhere do not see this machine's own folder."""
    return folder.parent if scheduler is not None and isinstance(folder, Path) else None


def _writer(
    table: HardnessTable,
    spec: Metric,
    parameters: dict[str, Any],
    dataset: Dataset,
    *,
    replace: bool,
) -> MetricWriter:
    """What a table holds of a metric, and what is left to do."""
    return table.metric_writer(
        spec.name,
        parameters=parameters,
        direction={c.name: c.harder for c in spec.columns if c.harder is not None},
        columns={c.name: pa.type_for_alias(c.type) for c in spec.columns},
        dataset=dataset,
        replace=replace,
    )


def _check_rejects(info: MetricInfo, on_error: str) -> None:
    """Raises HardnessError if a result without its bad records is not what was asked for."""
    rejects = info.content["rejects"]
    if rejects and on_error == "raise":
        raise HardnessError(
            f"data must hold no bad record, got {rejects:,}, listed in "
            f"{info.path / 'rejects.jsonl'} since an earlier run skipped such; mend them, or pass "
            "--on-error skip again"
        )
