"""The folder that a build writes: what it may replace, what it may resume, what it cleans away.

While a build is under way the folder holds `.build/`: the plan and markers of finished shards, and
spilled records if it is local. The manifest is written when every shard is there, and `.build/` is
removed after it.

Object stores have no locks. Builds on one machine keep out of each other's way by a lock on the
local work folder. Of builds on several machines the plan is the claim: one that finds another's
plan in place of its own writes no manifest, and two of one plan write the same bytes. A reader
finds shards that fit their manifest, or is told that they do not.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hardness.curriculum.manifest import (
    MANIFEST_NAME,
    Manifest,
    ShardEntry,
    read_manifest,
    shard_name,
)
from hardness.curriculum.plan import differences, identity
from hardness.errors import HardnessError, OutputExistsError
from hardness.io.atomic import read_json, write_json
from hardness.io.digest import file_digest, object_digest
from hardness.io.records import Partition
from hardness.io.remote import RemotePath
from hardness.io.storage import (
    Location,
    absolute,
    find_size,
    local_path,
    remove,
    sizes,
    work_folder,
)

WORK_NAME = ".build"
_OURS = re.compile(
    r"shard-\d{5,}\.parquet|\.shard-\d{5,}\.parquet\.tmp-.*|\.manifest\.json\.tmp-.*"
)


class BuildFolder:
    """A folder of shards in the making; it can be pickled.

    Args:
        path: the folder.
        work: local folder for temporary files, in a folder named after the path; if None, inside
            the folder of shards, or in the user's cache if that is remote.
    """

    def __init__(self, path: Location, *, work: str | os.PathLike[str] | None = None) -> None:
        self.path = path
        self._claim = path / WORK_NAME
        self._plan = self._claim / "plan.json"
        self.work = (
            work_folder(path, WORK_NAME)
            if work is None
            else local_path("work", work) / f"build-{object_digest(absolute(path))}"
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder and keep other builds out of it; a killed process lets go.

        A remote folder is not locked but the local work folder is; see also `check_claim`.

        Raises:
            HardnessError: the path is a file or cannot be made, or another build is writing there.
        """
        if isinstance(self.path, Path):
            _make(self.path, "output")
            locked = self.path
        else:
            _make(self.work, "work")
            locked = self.work
        try:
            import fcntl
        except ImportError:  # no such lock on Windows
            yield
            return
        handle = os.open(locked, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise HardnessError(
                f"output must be free, got {str(self.path)!r} in use by another build; "
                "wait for it or choose another folder"
            ) from None
        try:
            yield
        finally:
            os.close(handle)

    def finished(self, planned: Manifest, *, overwrite: bool) -> Manifest | None:
        """The manifest of a finished build of the same shards, None if they have to be built.

        They do if one of them is not what was written, byte for byte, and if `overwrite` is true.

        Raises:
            OutputExistsError: the folder holds another build and `overwrite` is false.
            HardnessError: it holds files that no build made.
        """
        if not (self.path / MANIFEST_NAME).is_file():
            self._refuse_strangers()
            return None
        try:
            found = read_manifest(self.path)
        except HardnessError:
            if overwrite:
                return None
            raise
        changed = differences(found, planned)
        if changed and not overwrite:
            raise OutputExistsError(
                f"output must be a new folder or the same build, got {str(self.path)!r} built with "
                f"{'; '.join(changed)}; choose another -o, or add --overwrite to replace it"
            )
        return None if overwrite or not self._holds(found.shards) else found

    def start(self, planned: Manifest) -> None:
        """Make the folder ready for `planned`: keep what an interrupted build of it finished."""
        plan = _plan_of(planned)
        same = self._is_claimed(plan)
        # From here on `.build/` says that what lies in the folder is ours to remove.
        if isinstance(self._claim, RemotePath):
            if not same:
                write_json(self._plan, {})
        else:
            self._claim.mkdir(exist_ok=True)
        (self.path / MANIFEST_NAME).unlink(missing_ok=True)
        for name in sizes(self.path):
            if _OURS.fullmatch(name) and not (same and name.startswith("shard-")):
                (self.path / name).unlink(missing_ok=True)
        if not same:
            remove(self._claim)
            _make(self.work, "work")
            for entry in self.work.iterdir():  # not the folder, which may be locked
                remove(entry)
            write_json(self._plan, plan)
        _make(self.work, "work")

    def spill(self, planned: Manifest, edges: np.ndarray, partitions: Sequence[Partition]) -> Path:
        """The folder for spilled records of this plan, these buckets and partitions; others are
        removed."""
        starts = [partition.start_row for partition in partitions]
        layout = object_digest([_plan_of(planned), edges.tolist(), starts])
        folder = self.work / f"spill-{layout}"
        for other in self.work.glob("spill-*"):
            if other != folder:
                shutil.rmtree(other)
        folder.mkdir(exist_ok=True)
        return folder

    def check_claim(self, planned: Manifest) -> None:
        """Raises HardnessError if another build has begun in the folder meanwhile."""
        if not self._is_claimed(_plan_of(planned)):
            raise HardnessError(
                f"output must be free, got {str(self.path)!r} in use by another build; "
                "wait for it or choose another folder"
            )

    def done(self, index: int) -> ShardEntry | None:
        """The entry of shard `index` if it was finished and is still as it was then."""
        marker = self._marker(index)
        if not marker.is_file():
            return None
        entry = ShardEntry(**read_json(marker))
        path = self.path / entry.name
        if find_size(path) == entry.bytes and file_digest(path) == entry.xxh3_128:
            return entry
        return None

    def mark(self, index: int, entry: ShardEntry) -> None:
        """Note that shard `index` is finished."""
        write_json(self._marker(index), asdict(entry))

    def finish(self) -> None:
        """Remove what only the making needed."""
        remove(self.work)
        remove(self._claim)

    def _holds(self, shards: Sequence[ShardEntry]) -> bool:
        """Whether every shard is there as it was written."""
        there = sizes(self.path)
        if any(there.get(shard.name) != shard.bytes for shard in shards):
            return False
        with ThreadPoolExecutor() as pool:
            digests = pool.map(lambda shard: file_digest(self.path / shard.name), shards)
            return all(
                digest == shard.xxh3_128 for digest, shard in zip(digests, shards, strict=True)
            )

    def _is_claimed(self, plan: Mapping[str, Any]) -> bool:
        return self._plan.is_file() and object_digest(read_json(self._plan)) == object_digest(plan)

    def _marker(self, index: int) -> Location:
        return self._claim / f"{shard_name(index)}.json"

    def _refuse_strangers(self) -> None:
        if self._claim.exists():
            return
        strangers = sorted(entry.name for entry in self.path.iterdir())
        if strangers:
            raise HardnessError(
                f"output must be a new or empty folder, got {str(self.path)!r} with "
                f"{strangers[0]!r}; choose another -o, or empty it"
            )


def _plan_of(planned: Manifest) -> dict[str, Any]:
    return {"code_version": planned.code_version, **identity(planned)}


def _make(folder: Path, name: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HardnessError(
            f"{name} must be a folder that can be made, got {str(folder)!r} "
            f"({error.strerror}); choose another"
        ) from None
