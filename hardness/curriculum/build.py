"""From a hardness table to shards: records in training order, never all in memory."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from hardness.curriculum.folder import BuildFolder
from hardness.curriculum.keys import Keys
from hardness.curriculum.manifest import Manifest, ShardEntry, write_manifest
from hardness.curriculum.plan import (
    arrow_bytes,
    bucket_edges,
    build_id,
    partition_bytes,
    row_group_rows,
)
from hardness.curriculum.prepare import prepare, released
from hardness.curriculum.route import Router, ShardWriter, shard_schema
from hardness.curriculum.scores import Scores
from hardness.errors import HardnessError, mended_by_the_user
from hardness.io.schema import unify
from hardness.io.storage import AnyPath, Location
from hardness.memory import parse_memory
from hardness.progress import Progress
from hardness.stages.cluster import Cluster, open_cluster

IN_MEMORY_SHARE = 0.125
"""Data whose estimated size is below this share of the memory is not spilled to files. Spilling
costs little, as what is read again at once has hardly left the page cache."""


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """What a build did."""

    path: Location
    """The folder of shards."""
    manifest: Manifest
    """What the folder says about itself."""
    seconds: float
    """Wall-clock time of this call."""
    cached: bool
    """Whether the folder was complete already and nothing was written."""

    @property
    def rows(self) -> int:
        """Number of positions in the shards: of records, each as often as it occurs."""
        return self.manifest.rows


def build(
    table: AnyPath,
    *,
    by: str | None = None,
    order: str | None = None,
    select: str | None = None,
    keep_random: float | None = None,
    epochs: int | None = None,
    admit: str | None = None,
    curriculum: str | Path | None = None,
    normalize: str | None = None,
    nulls: str | None = None,
    weighting: str | None = None,
    seed: int | None = None,
    shard_rows: int | None = None,
    output: AnyPath | None = None,
    memory: int | str | None = None,
    work: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    threads: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> BuildResult:
    """Write the records of a scored dataset as shards in training order.

    The positions are decided from the scores alone. Then each partition of the data is cut by
    position, in memory if it fits and in temporary files otherwise, and each shard is collected,
    sorted and written. The bytes depend on the data, the scores and the options only, whatever
    the memory and the number of workers; an interrupted build goes on where it stopped.

    Args:
        table: the hardness table that `score` wrote; a URL too.
        by: `metric` (its primary column), `metric.column`, or an expression of those; the table's
            only metric if None.
        order: one of `hardness.curriculum.orders.orders` with its parameters; `ascending` if None.
        select: one of `hardness.curriculum.selections.selections` with its parameters; all records
            if None.
        keep_random: share of the records that come at random whatever the order and the selection
            do; 0 if None.
        epochs: passes that the shards shall hold; 1 if None.
        admit: instead of an order, the schedules of several metrics, see
            `hardness.curriculum.admission`.
        curriculum: the name of a shipped spec or a YAML file, see `hardness.curriculum.spec`; the
            options that are given here go before what it says.
        normalize: a name in `hardness.normalize.normalizers`; `rank` if None.
        nulls: what becomes of records without a score: `error`, `drop`, `first` or `last`; `error`
            if None.
        weighting: adds the column `weight`, the weighting at s = position / rows; one of those
            that need no more than hardness and progress.
        seed: of all that is random, at least 0; 0 if None.
        shard_rows: positions in each shard but the last; about 64 MiB of input if None.
        output: the folder, a URL too; beside the table, named after metric and order, if None.
        memory: bytes to stay below, such as "4GB"; 4 GB if None.
        work: local folder for temporary files; if None, inside the output, or in the user's cache
            if that is remote. Workers on other machines must see it.
        overwrite: build again and replace what an earlier build left in `output`.
        threads, workers, scheduler: where the work runs; see
            `hardness.stages.cluster.open_cluster`.
        progress: told of finished partitions and shards.

    Raises:
        HardnessError: an option out of its range, a table or dataset that cannot be used, or an
            output that holds something else.
    """
    started = time.perf_counter()
    limit = parse_memory(memory)
    # Wrong options must be refused before the folder is touched.
    prepared = released(
        prepare(
            table,
            curriculum=curriculum,
            shard_rows=shard_rows,
            output=output,
            by=by,
            order=order,
            select=select,
            keep_random=keep_random,
            epochs=epochs,
            admit=admit,
            normalize=normalize,
            nulls=nulls,
            weighting=weighting,
            seed=seed,
        )
    )
    scores, keys, manifest = prepared.scores, prepared.keys, prepared.manifest
    folder = BuildFolder(prepared.path, work=work)
    with mended_by_the_user(str(prepared.path)), folder.locked():
        found = folder.finished(manifest, overwrite=overwrite)
        if found is not None:
            # Opening compares the data with its digest: shards of data that changed are stale.
            scores.table.dataset(on_error="skip").close()
            folder.finish()
        written = found
        if written is None:
            where = {"threads": threads, "workers": workers, "scheduler": scheduler}
            with open_cluster(progress=progress, **where) as cluster:
                written = _write(folder, manifest, scores, keys, limit, cluster)
    return BuildResult(
        path=prepared.path,
        manifest=written,
        seconds=time.perf_counter() - started,
        cached=found is not None,
    )


def _write(
    folder: BuildFolder,
    manifest: Manifest,
    scores: Scores,
    keys: Keys,
    memory: int,
    cluster: Cluster,
) -> Manifest:
    """Write the shards that are not there yet, and the manifest when all are."""
    folder.start(manifest)
    shards = range(-(-manifest.rows // manifest.shard_rows))
    entries = [folder.done(index) for index in shards]
    if not all(entries):
        with cluster.sharing(folder.work):
            entries = _write_shards(folder, manifest, scores, keys, memory, cluster)
    manifest = replace(manifest, shards=tuple(entry for entry in entries if entry is not None))
    folder.check_claim(manifest)
    write_manifest(folder.path, manifest)
    folder.finish()
    return manifest


def _write_shards(
    folder: BuildFolder,
    manifest: Manifest,
    scores: Scores,
    keys: Keys,
    memory: int,
    cluster: Cluster,
) -> list[ShardEntry | None]:
    input_bytes = sum(scores.files.values())
    # Of what is routed: records as often as they occur.
    data_bytes = arrow_bytes(scores.files) * manifest.rows // max(scores.dataset_rows, 1)
    group_rows = row_group_rows(rows=scores.dataset_rows, input_bytes=input_bytes)
    edges = bucket_edges(
        rows=manifest.rows,
        shard_rows=manifest.shard_rows,
        group_rows=group_rows,
        data_bytes=data_bytes,
        memory=memory,
        threads=cluster.tasks_at_a_time,
    )
    shared = cluster.in_process
    in_memory = shared and data_bytes <= memory * IN_MEMORY_SHARE
    if not shared:
        keys.save(folder.work)
    largest = partition_bytes(
        data_bytes=arrow_bytes(scores.files), memory=memory, threads=cluster.tasks_at_a_time
    )
    with scores.table.dataset(
        on_error="skip", work=folder.work, largest_partition_bytes=largest
    ) as dataset:
        router = Router(
            dataset=dataset,
            keys=keys if shared else folder.work,
            edges=edges,
            weighting=None if manifest.weighting is None else manifest.weighting["name"],
            spill=None if in_memory else folder.spill(manifest, edges, dataset.partitions),
        )
        pieces = cluster.map("cutting by position", router, dataset.partitions)
        dataset.check_unchanged()
    found = sum(piece.rows for piece in pieces)
    if found != manifest.rows:
        raise HardnessError(
            f"data must hold every record of the table, got {found} of {manifest.rows}; "
            "score the data again"
        )
    writer = ShardWriter(
        folder=folder,
        pieces=pieces,
        edges=edges,
        schema=shard_schema(unify([piece.schema for piece in pieces])),
        shard_rows=manifest.shard_rows,
        row_group_rows=group_rows,
        build=build_id(manifest),
    )
    return cluster.map("writing shards", writer, range(-(-manifest.rows // manifest.shard_rows)))
