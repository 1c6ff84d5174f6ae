"""Where stages leave arrays for later stages, and what they have done for a later run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.atomic import (
    ask_permission,
    discard,
    flush,
    full_disk_is_the_users,
    temporary_name,
)
from hardness.stages.work import claimed, remove_tree, remove_unclaimed

_RESULTS = "results.jsonl"


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

    folders: tuple[Path, ...] = ()
    """Where tasks write files."""

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


class DiskStore:
    """Arrays in a folder that every worker sees, each a raw file; a later run finds them again.

    A task may run twice at the same time, as a worker that was given up may still be at it. So
    `put` renames, `create` leaves the contents of what is there already, and as tasks always write
    the same, `write` may come twice. An array made by `create` counts only once all the tasks that
    fill it are noted as finished.

    Args:
        folder: made if it is not there.
        durable: wait until what is written would outlive a power failure.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self.durable = durable
        self._results: dict[str, Any] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def __getstate__(self) -> dict[str, Any]:
        # What has been done is the client's to know.
        return self.__dict__ | {"_results": None}

    def put(self, name: str, array: np.ndarray) -> None:
        with self._placed(name) as path, open(path, "xb", buffering=0) as file:
            _write_all(file, array)

    def get(self, name: str, dtype: npt.DTypeLike) -> np.ndarray:
        return np.fromfile(self._path(name), dtype=dtype)

    def put_column(self, name: str, column: pa.ChunkedArray) -> None:
        table = pa.table({"values": column})
        with (
            self._placed(name) as path,
            pa.OSFile(str(path), "wb") as file,
            pa.ipc.new_file(file, table.schema) as writer,
        ):
            writer.write_table(table)

    def get_column(self, name: str) -> pa.ChunkedArray:
        with pa.OSFile(str(self._path(name)), "rb") as file:
            return pa.ipc.open_file(file).read_all().column("values")

    def create(self, name: str, size: int, dtype: npt.DTypeLike) -> None:
        n_bytes = size * np.dtype(dtype).itemsize
        # Not emptied: a later stage may have begun to fill it.
        with full_disk_is_the_users(self.folder), open(self._path(name), "ab") as file:
            if os.fstat(file.fileno()).st_size != n_bytes:
                file.truncate(n_bytes)

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
            full_disk_is_the_users(self.folder),
            open(self._path(name), "r+b", buffering=0) as file,
        ):
            file.seek(start * values.itemsize)
            _write_all(file, values)
            if self.durable:
                os.fsync(file.fileno())

    def delete(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def result(self, task: str) -> Any:
        if self._results is None:
            self._results = self._read_results()
        return self._results.get(task)

    def keep_result(self, task: str, result: Any) -> None:
        # A line that was cut short is no JSON, and the next one begins with the end of its line.
        line = "\n" + json.dumps([task, result])
        with (
            full_disk_is_the_users(self.folder),
            open(self._path(_RESULTS), "ab", buffering=0) as file,
        ):
            _write_all(file, np.frombuffer(line.encode(), dtype=np.uint8))

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where tasks write files."""
        return (self.folder,)

    @property
    def resumes(self) -> bool:
        """Whether tasks of a former run are known to be finished."""
        return bool(self._read_results())

    def _read_results(self) -> dict[str, Any]:
        results = {}
        path = self._path(_RESULTS)
        for line in path.read_bytes().split(b"\n") if path.exists() else ():
            with suppress(ValueError):
                task, result = json.loads(line)
                results[task] = [result]
        return results

    @contextmanager
    def _placed(self, name: str) -> Iterator[Path]:
        """Like `atomic_path`, but the folder must be there, and the disk is waited for if asked."""
        path = self._path(name)
        temporary = temporary_name(path)
        ask_permission()
        with full_disk_is_the_users(self.folder):
            try:
                yield temporary
                if self.durable:
                    flush(temporary)
                ask_permission()
                os.replace(temporary, path)
            except BaseException:
                discard(temporary)
                raise

    def _path(self, name: str) -> Path:
        return self.folder / name


def _write_all(file: FileIO, values: np.ndarray) -> None:
    view = memoryview(np.ascontiguousarray(values).view(np.uint8).data)
    while view:
        view = view[file.write(view) or 0 :]


@contextmanager
def open_store(
    folder: Path, *, run: str, in_memory: bool, disk_bytes: int = 0, durable: bool = False
) -> Iterator[MemoryStore | DiskStore]:
    """A store for one run; its files go when the run is complete and stay when it fails.

    Args:
        folder: where files go, in a folder named after the run. What other runs left there is
            removed, unless they are under way.
        run: digest of all that decides what the stages leave here.
        in_memory: keep everything in memory instead.
        disk_bytes: about how much will be written.
        durable: see `hardness.stages.work.claimed`.

    Raises:
        HardnessError: the disk has no room for that much, or the same run is under way.
    """
    own = folder / run
    for other in folder.glob("*") if folder.is_dir() else ():
        if other != own:
            remove_unclaimed(other)
    if in_memory:
        yield MemoryStore()
        remove_unclaimed(own)
    else:
        with claimed(own, durable=durable) as durable:
            there = sum(path.stat().st_blocks * 512 for path in own.iterdir())
            free = shutil.disk_usage(own).free
            if free + there < disk_bytes:
                raise HardnessError(
                    f"work must be on a disk with {disk_bytes / 1e9:.1f} GB free for intermediate "
                    f"files, got {free / 1e9:.1f} GB at {folder}; free some, or name another "
                    "folder with --work"
                )
            yield DiskStore(own, durable=durable)
            remove_tree(own)
    with suppress(OSError):
        folder.rmdir()
