"""Where stages leave arrays for later stages, and what they have done for a later run."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.atomic import atomic_path

_MARK = "hardness-work"
"""Lies in a run's folder, so that no other folder is ever removed."""


class Store(Protocol):
    """Named arrays. Tasks write under different names or to different places of one array."""

    def put(self, name: str, array: np.ndarray) -> None:
        """Keep an array under a name, replacing what was there."""
        ...

    def get(self, name: str, dtype: npt.DTypeLike) -> np.ndarray:
        """The array under a name, whose dtype it is; it must not be changed."""
        ...

    def put_column(self, name: str, column: pa.ChunkedArray) -> None:
        """Keep an Arrow column under a name."""
        ...

    def get_column(self, name: str) -> pa.ChunkedArray:
        """The Arrow column under a name."""
        ...

    def create(self, name: str, size: int, dtype: npt.DTypeLike) -> None:
        """Make room for an array that tasks fill piece by piece."""
        ...

    def read(self, name: str, start: int, out: np.ndarray) -> None:
        """Fill `out` with the array's values from `start` on."""
        ...

    def write(self, name: str, start: int, values: np.ndarray) -> None:
        """Overwrite the array's values from `start` on."""
        ...

    def delete(self, name: str) -> None:
        """Forget a value, if it is there."""
        ...

    def result(self, task: str) -> Any:
        """`[what it returned]` of a task that a former run finished; None for any other."""
        ...

    def keep_result(self, task: str, result: Any) -> None:
        """Note that a task is finished and what it returned, which must fit JSON."""
        ...


class MemoryStore:
    """Arrays in this process's memory, for threads; nothing outlives the run."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def put(self, name: str, array: np.ndarray) -> None:
        self._values[name] = array

    def get(self, name: str, dtype: npt.DTypeLike) -> np.ndarray:
        array = self._values[name]
        assert array.dtype == dtype, f"{name} holds {array.dtype}"
        return array

    def put_column(self, name: str, column: pa.ChunkedArray) -> None:
        self._values[name] = column

    def get_column(self, name: str) -> pa.ChunkedArray:
        return self._values[name]

    def create(self, name: str, size: int, dtype: npt.DTypeLike) -> None:
        self._values[name] = np.empty(size, dtype=dtype)

    def read(self, name: str, start: int, out: np.ndarray) -> None:
        out[:] = self._values[name][start : start + len(out)]

    def write(self, name: str, start: int, values: np.ndarray) -> None:
        self._values[name][start : start + len(values)] = values

    def delete(self, name: str) -> None:
        self._values.pop(name, None)

    def result(self, task: str) -> Any:
        return None

    def keep_result(self, task: str, result: Any) -> None:
        pass


@contextmanager
def _full_disk_is_the_users(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise HardnessError(
            f"the disk of {folder} must have room for intermediate files, got {error.strerror}; "
            "free some space and run the same command again, it goes on where it was"
        ) from error


class DiskStore:
    """Arrays in a folder that every worker sees, each a raw file; a later run finds them again.

    Files appear complete: `put` renames, and an array made by `create` counts only once all the
    tasks that fill it are noted as finished.

    Args:
        folder: made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, array: np.ndarray) -> None:
        with _full_disk_is_the_users(self.folder), atomic_path(self._path(name)) as path:
            array.tofile(path)

    def get(self, name: str, dtype: npt.DTypeLike) -> np.ndarray:
        return np.fromfile(self._path(name), dtype=dtype)

    def put_column(self, name: str, column: pa.ChunkedArray) -> None:
        table = pa.table({"values": column})
        with (
            _full_disk_is_the_users(self.folder),
            atomic_path(self._path(name)) as path,
            pa.OSFile(str(path), "wb") as file,
            pa.ipc.new_file(file, table.schema) as writer,
        ):
            writer.write_table(table)

    def get_column(self, name: str) -> pa.ChunkedArray:
        with pa.OSFile(str(self._path(name)), "rb") as file:
            return pa.ipc.open_file(file).read_all().column("values")

    def create(self, name: str, size: int, dtype: npt.DTypeLike) -> None:
        with _full_disk_is_the_users(self.folder), open(self._path(name), "wb") as file:
            file.truncate(size * np.dtype(dtype).itemsize)

    def read(self, name: str, start: int, out: np.ndarray) -> None:
        with open(self._path(name), "rb", buffering=0) as file:
            file.seek(start * out.itemsize)
            view = memoryview(out.view(np.uint8).data)
            while view:
                n_read = file.readinto(view)
                if not n_read:
                    raise OSError(f"{self._path(name)} ended {len(view)} bytes early")
                view = view[n_read:]

    def write(self, name: str, start: int, values: np.ndarray) -> None:
        with (
            _full_disk_is_the_users(self.folder),
            open(self._path(name), "r+b", buffering=0) as file,
        ):
            file.seek(start * values.itemsize)
            view = memoryview(values.view(np.uint8).data)
            while view:
                view = view[file.write(view) or 0 :]

    def delete(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def result(self, task: str) -> Any:
        path = self._path(f"{task}.done")
        return json.loads(path.read_bytes()) if path.exists() else None

    def keep_result(self, task: str, result: Any) -> None:
        with _full_disk_is_the_users(self.folder), atomic_path(self._path(f"{task}.done")) as path:
            path.write_text(json.dumps([result]))

    def _path(self, name: str) -> Path:
        return self.folder / name


@contextmanager
def open_store(folder: Path, *, run: str, in_memory: bool, disk_bytes: int = 0) -> Iterator[Store]:
    """A store for one run; its files go when the run is complete and stay when it fails.

    Args:
        folder: where files go, in a folder named after the run; what other runs left is removed.
        run: digest of all that decides what the stages leave here.
        in_memory: keep everything in memory instead.
        disk_bytes: about how much will be written.

    Raises:
        HardnessError: the disk has no room for that much.
    """
    own = folder / run
    for other in folder.glob("*") if folder.is_dir() else ():
        if other != own and other.is_dir() and other.joinpath(_MARK).is_file():
            shutil.rmtree(other, ignore_errors=True)
    if in_memory:
        yield MemoryStore()
        shutil.rmtree(own, ignore_errors=True)
        return
    own.mkdir(parents=True, exist_ok=True)
    own.joinpath(_MARK).touch()
    there = sum(path.stat().st_size for path in own.iterdir())
    free = shutil.disk_usage(own).free
    if free + there < disk_bytes:
        raise HardnessError(
            f"work must be on a disk with {disk_bytes / 1e9:.1f} GB free for intermediate files, "
            f"got {free / 1e9:.1f} GB at {folder}; free some, or name another folder with --work"
        )
    yield DiskStore(own)
    shutil.rmtree(own)
    if not any(folder.iterdir()):
        folder.rmdir()
