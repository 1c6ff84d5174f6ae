"""From a hardness table to shards: records in training order, never all in memory."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace

import hardness
from hardness.curriculum.folder import BuildFolder
from hardness.curriculum.keys import Keys, place
from hardness.curriculum.manifest import Manifest, ShardEntry, write_manifest
from hardness.curriculum.plan import (
    arrow_bytes,
    bucket_edges,
    default_output,
    default_shard_rows,
    identity,
    row_group_rows,
)
from hardness.curriculum.route import Router, ShardWriter, shard_schema
from hardness.curriculum.scores import Scores, read_scores
from hardness.errors import HardnessError, mended_by_the_user
from hardness.io.digest import object_digest
from hardness.io.schema import unify
from hardness.io.storage import AnyPath, Location, locate
from hardness.io.table import open_table
from hardness.memory import parse_memory
from hardness.progress import Progress
from hardness.stages.cluster import Cluster, open_cluster
from hardness.weighting import resolve

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
    order: str = "ascending",
    normalize: str = "rank",
    seed: int = 0,
    shard_rows: int | None = None,
    nulls: str = "error",
    weighting: str | None = None,
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
        by: `metric` (its primary column) or `metric.column`; the table's only metric if None.
        order: a name in `hardness.curriculum.orders.orders`.
        normalize: a name in `hardness.normalize.normalizers`.
        seed: of the order's random generator, at least 0.
        shard_rows: positions in each shard but the last; about 64 MiB of input if None.
        nulls: what becomes of records without a score: `error`, `drop`, `first` or `last`.
        weighting: adds the column `weight`, the weighting at s = position / rows; one of those
            that need no more than hardness and progress.
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
    _check_options(shard_rows, weighting)
    scores = read_scores(open_table(table), by)
    manifest = Manifest(
        code_version=hardness.__version__,
        dataset=scores.dataset,
        columns=scores.columns,
        metric=scores.metric,
        curriculum={"order": order, "normalize": normalize, "nulls": nulls},
        weighting=None if weighting is None else {"name": weighting},
        seed=seed,
        hardness={},
        rows=0,
        shard_rows=shard_rows
        or default_shard_rows(rows=scores.dataset_rows, input_bytes=sum(scores.files.values())),
    )
    path = default_output(scores.table.path, manifest) if output is None else locate(output)
    # Wrong options must be refused before the folder is touched.
    keys = _place(scores, manifest)
    scores = scores.released()
    manifest = replace(
        manifest, rows=keys.rows, hardness=keys.summary(), occurrences=keys.occurrences()
    )
    folder = BuildFolder(path, work=work)
    with mended_by_the_user(str(path)), folder.locked():
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
        path=path,
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
    with scores.table.dataset(on_error="skip", work=folder.work) as dataset:
        router = Router(
            dataset=dataset,
            keys=keys if shared else folder.work,
            edges=edges,
            weighting=None if manifest.weighting is None else manifest.weighting["name"],
            spill=None if in_memory else folder.spill(manifest, edges),
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
        build=object_digest(identity(manifest)),
    )
    return cluster.map("writing shards", writer, range(-(-manifest.rows // manifest.shard_rows)))


def _place(scores: Scores, manifest: Manifest) -> Keys:
    return place(
        scores.rows,
        scores.values,
        scores.valid,
        dataset_rows=scores.dataset_rows,
        name=scores.name,
        direction=manifest.metric["direction"],
        order=manifest.curriculum["order"],
        normalize=manifest.curriculum["normalize"],
        nulls=manifest.curriculum["nulls"],
        seed=manifest.seed,
    )


def _check_options(shard_rows: int | None, weighting: str | None) -> None:
    if shard_rows is not None and shard_rows < 1:
        raise HardnessError(f"shard_rows must be at least 1, got {shard_rows}; choose another")
    if weighting is None:
        return
    needs = resolve(weighting).needs
    if not set(needs) <= {"hardness", "progress"}:
        raise HardnessError(
            f"weighting must need no more than hardness and progress to be written into shards, "
            f"got {weighting!r}, which needs {', '.join(needs)}; give it to `hardness train`"
        )
