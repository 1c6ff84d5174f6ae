"""Whether shards are whole: every problem with them, not only the first."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from hardness.curriculum.check import check_build, check_shard, open_shard_file, unlisted
from hardness.curriculum.manifest import (
    HARDNESS,
    MANIFEST_NAME,
    POSITION,
    ROW,
    Manifest,
    read_manifest,
)
from hardness.curriculum.positions import occurrences
from hardness.errors import HardnessError
from hardness.io.storage import AnyPath, Location, locate, sizes
from hardness.progress import Progress, Silent

_AGAIN = "build the shards again"


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found out about a folder of shards."""

    path: Location
    manifest: Manifest
    problems: tuple[str, ...]
    """What is wrong, a sentence each; empty if nothing is."""
    deep: bool
    """Whether the records were looked at too."""

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def require(self) -> None:
        """Raises HardnessError with all problems if there are any."""
        if len(self.problems) == 1:
            raise HardnessError(self.problems[0])
        if self.problems:
            told = f"{self.path} must be intact, got {len(self.problems)} problems:"
            raise HardnessError("\n  ".join([told, *self.problems]))


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What a shard turned out to hold."""

    problems: Sequence[str] = ()
    rows: np.ndarray | None = None
    """(q,) u64, the row at each position; None if the shard was not read."""


def verify(
    shards: AnyPath, *, deep: bool = False, progress: Progress | None = None
) -> Verification:
    """Check a folder of shards against its manifest.

    Every shard must be there with the bytes that were written, and no other Parquet file beside
    them.

    Args:
        shards: the folder that `build` wrote; a URL too.
        deep: read the records too: positions must run from 0 without a gap, hardness must be in
            [0, 1] or null, and records must occur as often as the manifest says.
        progress: told of finished shards.

    Raises:
        HardnessError: the folder holds no finished build, or its manifest is damaged.
    """
    folder = locate(shards)
    manifest = read_manifest(folder)
    progress = progress or Silent()
    progress.start("verifying shards", len(manifest.shards), "shards")
    check = partial(_check, folder, manifest, deep, progress)
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(check, range(len(manifest.shards))))
    problems = [problem for shard in found for problem in shard.problems]
    problems += [str(error) for error in unlisted(folder, sizes(folder), manifest)]
    rows = [shard.rows for shard in found if shard.rows is not None]
    if deep and len(rows) == len(manifest.shards):
        problems += _miscounts(folder, manifest, rows)
    return Verification(path=folder, manifest=manifest, problems=tuple(problems), deep=deep)


def _check(
    folder: Location, manifest: Manifest, deep: bool, progress: Progress, index: int
) -> _Found:
    try:
        check_shard(folder, manifest, index, digest=True)
        if index == 0:  # the others would say the same of the manifest
            check_build(folder, manifest, index)
        return _read(folder, manifest, index) if deep else _Found()
    except HardnessError as error:
        return _Found(problems=[str(error)])
    finally:
        progress.advance(1)


def _read(folder: Location, manifest: Manifest, index: int) -> _Found:
    shard = manifest.shards[index]
    path = folder / shard.name
    start = sum(before.rows for before in manifest.shards[:index])
    with open_shard_file(path, shard) as file:
        missing = [n for n in (ROW, HARDNESS, POSITION) if n not in file.schema_arrow.names]
        if missing:
            columns = ", ".join(missing)
            problem = f"{path} must have the columns that shards add, got none called {columns}"
            return _Found(problems=[f"{problem}; {_AGAIN}"])
        table = file.read([ROW, HARDNESS, POSITION])
    problems = [*_misplaced(path, table, start), *_out_of_range(path, table)]
    return _Found(
        problems=[f"{problem}; {_AGAIN}" for problem in problems], rows=table.column(ROW).to_numpy()
    )


def _misplaced(path: Location, table: pa.Table, start: int) -> list[str]:
    positions = table.column(POSITION).to_numpy()
    expected = np.arange(start, start + len(positions), dtype=np.uint64)
    wrong = np.flatnonzero(positions != expected)
    if not len(wrong):
        return []
    first = wrong[0]
    return [
        f"{path} must hold the positions from {start} to {start + len(positions) - 1} in order, "
        f"got {positions[first]} for {expected[first]} and {len(wrong) - 1} more"
    ]


def _out_of_range(path: Location, table: pa.Table) -> list[str]:
    hardness = table.column(HARDNESS).drop_null().to_numpy()
    wrong = hardness[~((hardness >= 0) & (hardness <= 1))]
    if not len(wrong):
        return []
    return [f"{path} must hold hardness in [0, 1], got {wrong[0]} and {len(wrong) - 1} more"]


def _miscounts(folder: Location, manifest: Manifest, rows: Sequence[np.ndarray]) -> list[str]:
    """Where records do not occur as often as the manifest says."""
    highest = max((int(part.max()) for part in rows), default=-1)
    times = np.zeros(highest + 1, dtype=np.int64)
    for part in rows:
        np.add.at(times, part, 1)
    scored = manifest.metric.get("records")
    found = occurrences(times, records=scored or 0)
    # Shards that are made of records in memory do not say how many there were.
    names = ("records", "most", "times", *(["never"] if scored is not None else []))
    return [
        f"{folder} must hold records as often as {MANIFEST_NAME} says, got {name} = "
        f"{found[name]} for {manifest.occurrences.get(name)}; {_AGAIN}"
        for name in names
        if found[name] != manifest.occurrences.get(name)
    ]
