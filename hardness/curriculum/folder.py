"""The folder that a build writes: what it may replace, what it may resume, what it cleans away.

While a build is under way the folder holds `.build/` (the plan, markers of finished shards, spilled
records). The manifest is written when every shard is there, and `.build/` is removed after it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from hardness.curriculum.manifest import (
    MANIFEST_NAME,
    Manifest,
    ShardEntry,
    read_manifest,
    shard_name,
)
from hardness.curriculum.plan import differences, identity
from hardness.errors import HardnessError
from hardness.io.atomic import read_json, write_json
from hardness.io.digest import file_digest, object_digest

WORK_NAME = ".build"
_OURS = re.compile(
    r"shard-\d{5,}\.parquet|\.shard-\d{5,}\.parquet\.tmp-.*|\.manifest\.json\.tmp-.*"
)


class BuildFolder:
    """A folder of shards in the making."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = path / WORK_NAME
        self._plan = self.work / "plan.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder and keep other builds out of it; a killed process lets go.

        Raises:
            HardnessError: the path is a file or cannot be made, or another build is writing there.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HardnessError(
                f"output must be a folder that can be made, got {str(self.path)!r} "
                f"({error.strerror}); choose another"
            ) from None
        try:
            import fcntl
        except ImportError:  # no such lock on Windows
            yield
            return
        handle = os.open(self.path, os.O_RDONLY)
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

        Raises:
            HardnessError: the folder holds another build and `overwrite` is false, or it holds
                files that no build made.
        """
        if not (self.path / MANIFEST_NAME).exists():
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
            raise HardnessError(
                f"output must be a new folder or the same build, got {str(self.path)!r} built with "
                f"{'; '.join(changed)}; choose another -o, or add --overwrite to replace it"
            )
        if changed or not all(self._has(shard) for shard in found.shards):
            return None
        return found

    def start(self, planned: Manifest) -> None:
        """Make the folder ready for `planned`: keep what an interrupted build of it finished."""
        # From here on `.build/` says that what lies in the folder is ours to remove.
        self.work.mkdir(exist_ok=True)
        (self.path / MANIFEST_NAME).unlink(missing_ok=True)
        plan = {"code_version": planned.code_version, **identity(planned)}
        same = self._plan.exists() and object_digest(read_json(self._plan)) == object_digest(plan)
        for entry in self.path.iterdir():
            if _OURS.fullmatch(entry.name) and not (same and entry.name.startswith("shard-")):
                entry.unlink()
        if not same:
            shutil.rmtree(self.work)
            self.work.mkdir()
            write_json(self._plan, plan)

    def spill(self, layout: str) -> Path:
        """The folder for spilled records of this layout; those of another layout are removed."""
        folder = self.work / f"spill-{layout}"
        for other in self.work.glob("spill-*"):
            if other != folder:
                shutil.rmtree(other)
        folder.mkdir(exist_ok=True)
        return folder

    def done(self, index: int) -> ShardEntry | None:
        """The entry of shard `index` if it was finished and is still as it was then."""
        marker = self._marker(index)
        if not marker.exists():
            return None
        entry = ShardEntry(**read_json(marker))
        path = self.path / entry.name
        if self._has(entry) and file_digest(path) == entry.xxh3_128:
            return entry
        return None

    def mark(self, index: int, entry: ShardEntry) -> None:
        """Note that shard `index` is finished."""
        write_json(self._marker(index), asdict(entry))

    def finish(self) -> None:
        """Remove what only the making needed."""
        shutil.rmtree(self.work, ignore_errors=True)

    def _marker(self, index: int) -> Path:
        return self.work / f"{shard_name(index)}.json"

    def _has(self, shard: ShardEntry) -> bool:
        path = self.path / shard.name
        return path.is_file() and path.stat().st_size == shard.bytes

    def _refuse_strangers(self) -> None:
        if self.work.exists():
            return
        strangers = sorted(entry.name for entry in self.path.iterdir())
        if strangers:
            raise HardnessError(
                f"output must be a new or empty folder, got {str(self.path)!r} with "
                f"{strangers[0]!r}; choose another -o, or empty it"
            )
