"""Files wherever they are: the one place that tells local paths from URLs.

A location is a `pathlib.Path` or a `RemotePath`. Local files are read as directly as can be; of
remote ones no more is fetched than what is asked for.
"""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from hardness.errors import HardnessError
from hardness.io.remote import RangedFile, RemotePath, Result, ahead
from hardness.io.stores import is_url

Location = Path | RemotePath
AnyPath = str | os.PathLike[str] | RemotePath

_LOCAL = ("file://", "local://")


class Signature(NamedTuple):
    """What tells that a file changed."""

    bytes: int
    """Size."""
    version: int | str
    """Modification time in nanoseconds, or the tag, version and times that a store tells."""


def locate(path: AnyPath) -> Location:
    """The location that a path or URL names."""
    if isinstance(path, Path | RemotePath):
        return path
    text = os.fspath(path)
    for scheme in _LOCAL:
        if text.startswith(scheme):
            return Path(text.removeprefix(scheme))
    return RemotePath.of(text) if is_url(text) else Path(text)


def absolute(path: AnyPath) -> str:
    """The path from the root of its disk, or the URL."""
    location = locate(path)
    return str(location) if isinstance(location, RemotePath) else os.path.abspath(location)


def relative(path: str, folder: Location) -> str:
    """An absolute path as seen from a folder, with slashes; itself where they share no store."""
    base = locate(absolute(folder))
    location = locate(path)
    if isinstance(base, Path) and isinstance(location, Path):
        return Path(os.path.relpath(location, base)).as_posix()
    if isinstance(base, RemotePath) and isinstance(location, RemotePath):
        stores = {(one.protocol, one.key.split("/")[0]) for one in (base, location)}
        if len(stores) == 1:
            return posixpath.relpath(location.key, base.key)
    return path


def join(folder: Location, path: str) -> str:
    """Where a path that `relative` gave leads from a folder."""
    if is_url(path) or os.path.isabs(path):
        return path
    if isinstance(folder, RemotePath):
        return f"{folder.protocol}://{posixpath.normpath(posixpath.join(folder.key, path))}"
    return os.path.normpath(folder / path)


def find_size(path: AnyPath) -> int | None:
    """Size in bytes of a file; None if there is no such file."""
    found = find_signature(path)
    return None if found is None else found.bytes


def find_signature(path: AnyPath) -> Signature | None:
    """What tells that a file changed; None if there is no such file."""
    location = locate(path)
    if isinstance(location, RemotePath):
        found = location.version()
        return None if found is None else Signature(*found)
    if not location.is_file():
        return None
    status = location.stat()
    return Signature(status.st_size, status.st_mtime_ns)


def signature(path: AnyPath) -> Signature:
    """What tells that a file changed.

    Raises:
        HardnessError: the file is gone or may not be read.
    """
    location = locate(path)
    try:
        if isinstance(location, RemotePath):
            found = location.version()
            if found is None:
                raise FileNotFoundError("no such object")
            return Signature(*found)
        status = os.stat(location)
    except OSError as error:
        raise HardnessError(
            f"data must stay readable, got {_reason(error)!r} for {path}; put it back and run again"
        ) from error
    return Signature(status.st_size, status.st_mtime_ns)


def sizes(folder: Location) -> dict[str, int]:
    """Name to size in bytes of the files in a folder; empty if there is no such folder."""
    if isinstance(folder, RemotePath):
        entries = [entry for entry in folder.listing() if entry["type"] == "file"]
        return {posixpath.basename(entry["name"]): entry["size"] for entry in entries}
    if not folder.is_dir():
        return {}
    return {entry.name: entry.stat().st_size for entry in os.scandir(folder) if entry.is_file()}


def open_file(path: str) -> FileIO:
    """Open a local file unbuffered.

    Raises:
        HardnessError: the file is gone or may not be read.
    """
    try:
        return open(path, "rb", buffering=0)
    except OSError as error:
        raise _unreadable(path, error) from error


def read_range(path: str, start: int, stop: int) -> bytes:
    """Bytes [start, stop) of a file; fewer where it ends before.

    Raises:
        HardnessError: the file is gone or may not be read.
    """
    if is_url(path):
        try:
            return RemotePath.of(path).read_range(start, stop)
        except FileNotFoundError as error:
            raise _unreadable(path, error) from error
    with open_file(path) as file:
        file.seek(start)
        parts = []
        while start < stop and (part := file.read(stop - start)):
            parts.append(part)
            start += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def blocks(path: AnyPath, size: int) -> Iterator[memoryview]:
    """The contents of a file from end to end, in blocks of at most `size` bytes.

    A block holds until the next one is asked for.

    Raises:
        HardnessError: the file is gone or may not be read.
    """
    location = locate(path)
    if isinstance(location, RemotePath):
        try:
            for data in location.stream():
                view = memoryview(data)
                for start in range(0, len(view), size):
                    yield view[start : start + size]
        except FileNotFoundError as error:
            raise _unreadable(str(path), error) from error
        return
    buffer = bytearray(size)
    view = memoryview(buffer)
    with open_file(str(location)) as file:
        while count := file.readinto(buffer):
            yield view[:count]


def fetch(path: RemotePath, target: Path) -> str:
    """Copy an object into a local file; the xxh3-128 of what is in the file then.

    Raises:
        HardnessError: the object is gone or may not be read.
        OSError: the file cannot be written.
    """
    digest = xxhash.xxh3_128()
    with open(target, "wb") as file:
        for block in blocks(path, 1 << 20):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def of_each(function: Callable[[Location], Result], paths: Iterable[AnyPath]) -> list[Result]:
    """The function of every file, in order; some at a time where the files are remote."""
    locations = [locate(path) for path in paths]
    if any(isinstance(location, RemotePath) for location in locations):
        return list(ahead(function, locations))
    return [function(location) for location in locations]


def open_parquet(path: AnyPath, *, memory_map: bool = False) -> pq.ParquetFile:
    """A Parquet file; of a remote one, only the footer and the columns and groups that are read.

    Args:
        path: where it is.
        memory_map: map a local file.

    Raises:
        OSError, pa.ArrowInvalid: it is gone or is no Parquet file.
        HardnessError: the store refuses.
    """
    location = locate(path)
    if isinstance(location, RemotePath):
        # Arrow asks for all it needs of some row groups at once, and joins what is close.
        return pq.ParquetFile(pa.PythonFile(RangedFile(location), mode="r"), pre_buffer=True)
    return pq.ParquetFile(location, memory_map=memory_map)


def read_metadata(path: AnyPath) -> pq.FileMetaData:
    """The footer of a Parquet file; raises what `open_parquet` does."""
    location = locate(path)
    if isinstance(location, RemotePath):
        return open_parquet(location).metadata
    return pq.read_metadata(location)


def remove(path: Location) -> None:
    """Remove a file, or a folder and all in it, if it is there."""
    if isinstance(path, RemotePath):
        path.remove_folder()
        path.unlink(missing_ok=True)
    elif path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def local_path(name: str, path: AnyPath) -> Path:
    """A path that must be on this machine's disks; `name` is what messages call it.

    Raises:
        HardnessError: it is a URL.
    """
    location = locate(path)
    if isinstance(location, RemotePath):
        raise HardnessError(
            f"{name} must be a local path, got {str(path)!r}; choose one on this machine's disks"
        )
    return location


def work_folder(place: Location, name: str) -> Path:
    """A local folder for what is only needed on the way to results at `place`.

    Beside the results where those are local, so that it is on a disk with room for them; else in
    the user's cache, under a name that follows from the place: the same command finds it again.
    """
    if isinstance(place, Path):
        return place / name
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    unique = f"{place.name}-{xxhash.xxh3_64_hexdigest(str(place).encode())}"
    return Path(cache) / "hardness" / unique


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


def _unreadable(path: str, error: OSError) -> HardnessError:
    reason = "no such object" if is_url(path) else _reason(error)
    return HardnessError(
        f"data must be readable, got {reason!r} for {path}; check the path and its permissions"
    )
