"""Objects in stores that fsspec reaches, under paths that are used like those of `pathlib`.

An object appears when its upload is complete and not before. Stores have no folders: a folder is
there as long as an object's name begins with it, so none is ever made. What a store refuses comes
out as a `HardnessError` of one line; retries are those of fsspec's file systems.
"""

from __future__ import annotations

import fnmatch
import io
import os
import posixpath
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from hardness.errors import HardnessError
from hardness.io.stores import asking, file_system, is_url, refusal

Item = TypeVar("Item")
Result = TypeVar("Result")

_STREAM_BYTES = 8 << 20
_REQUESTS = 4
"""Requests at a time while much is read; one alone mostly waits."""
_SINGLE_REQUEST_BYTES = 16 << 20
# Whatever a store's client has to say about the version of an object.
_VERSION_KEYS = (
    "ETag",
    "etag",
    "VersionId",
    "version_id",
    "generation",
    "LastModified",
    "last_modified",
    "mtime",
    "updated",
    "modified",
    "created",
)


@dataclass(frozen=True, order=True)
class RemotePath:
    """A URL with the part of `pathlib.Path` that makes sense in an object store.

    It can be pickled: the file system is opened again in each process.
    """

    url: str
    """Without a slash at its end."""

    @classmethod
    def of(cls, url: str) -> RemotePath:
        """The path of a URL as the user gave it."""
        protocol, _, rest = url.partition("://")
        return cls(f"{protocol.lower()}://{rest.rstrip('/')}")

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, name: str) -> RemotePath:
        return RemotePath(f"{self.url}/{name}")

    @property
    def protocol(self) -> str:
        """What stands before `://`."""
        return self.url.partition("://")[0]

    @property
    def key(self) -> str:
        """What stands after `://`, the bucket included."""
        return self.url.partition("://")[2]

    @property
    def name(self) -> str:
        """The last part."""
        return posixpath.basename(self.key)

    @property
    def parent(self) -> RemotePath:
        """The path without its last part."""
        return RemotePath(f"{self.protocol}://{posixpath.dirname(self.key)}")

    def with_name(self, name: str) -> RemotePath:
        """The path with another last part."""
        return self.parent / name

    def info(self) -> dict[str, Any] | None:
        """What the store says about the object or folder; None if there is neither."""
        try:
            with asking(self.url):
                return self._file_system.info(self.url)
        except FileNotFoundError:
            return None

    def is_file(self) -> bool:
        """Whether there is an object of this name."""
        info = self.info()
        return info is not None and info["type"] == "file"

    def is_dir(self) -> bool:
        """Whether there are objects whose name begins with this one and a slash."""
        info = self.info()
        return info is not None and info["type"] == "directory"

    def exists(self) -> bool:
        """Whether there is such an object or folder."""
        return self.info() is not None

    def version(self) -> tuple[int, str] | None:
        """Size in bytes, and what the store says about the object's version; None if it is gone.

        Raises:
            HardnessError: the store does not tell the size.
        """
        info = self.info()
        if info is None or info["type"] != "file":
            return None
        if info.get("size") is None:
            raise HardnessError(
                f"{self} must be in a store that tells its size, got none; download it first"
            )
        told = [f"{key} {info[key]}" for key in _VERSION_KEYS if info.get(key) is not None]
        return int(info["size"]), ", ".join(told)

    def listing(self) -> list[dict[str, Any]]:
        """What the store says about each object and folder in this folder, in order of name."""
        try:
            with asking(self.url):
                found = self._file_system.ls(self.url, detail=True)
        except FileNotFoundError:
            return []
        # Some stores list an object that stands for the folder itself.
        inside = [entry for entry in found if entry["name"].strip("/") not in (self.key, self.url)]
        return sorted(inside, key=lambda entry: entry["name"])

    def iterdir(self) -> Iterator[RemotePath]:
        """The objects and folders in this folder, in order of name."""
        for entry in self.listing():
            yield self / posixpath.basename(entry["name"].rstrip("/"))

    def glob(self, pattern: str) -> Iterator[RemotePath]:
        """The objects in this folder that a pattern matches, `*/` standing for one folder."""
        first, _, rest = pattern.partition("/")
        for path in self.iterdir():
            if not fnmatch.fnmatchcase(path.name, first):
                continue
            if not rest:
                yield path
            elif set("*?[") & set(rest):
                yield from path.glob(rest)
            elif (path / rest).is_file():
                yield path / rest

    def matches(self) -> list[str]:
        """The URLs of all objects that this path, as a pattern, matches, sorted."""
        try:
            with asking(self.url):
                found = self._file_system.glob(self.url, detail=True)
        except FileNotFoundError:
            return []
        names = sorted(name for name, info in found.items() if info["type"] == "file")
        whole = [name if is_url(name) else f"{self.protocol}://{name}" for name in names]
        return [url.replace(":///", "://") for url in whole]

    def read_range(self, start: int, stop: int) -> bytes:
        """Bytes [start, stop) of the object, and no others.

        Raises:
            FileNotFoundError: it is gone.
            HardnessError: the store refuses, or has sent more than it was asked for.
        """
        if start >= stop:
            return b""
        with asking(self.url):
            data = self._file_system.cat_file(self.url, start=start, end=stop)
        if len(data) > stop - start:
            raise HardnessError(
                f"{self} must be in a store that sends a part of an object, got all of it; "
                "download it first"
            )
        return data

    def read_text(self, encoding: str = "utf-8") -> str:
        """The whole of a small object."""
        with asking(self.url):
            data = self._file_system.cat_file(self.url)
        return data.decode(encoding)

    def stream(self) -> Iterator[bytes]:
        """The object from end to end, with a few requests ahead."""
        found = self.version()
        if found is None:
            raise FileNotFoundError(str(self))
        size = found[0]
        yield from ahead(
            lambda start: self.read_range(start, min(start + _STREAM_BYTES, size)),
            range(0, size, _STREAM_BYTES),
        )

    def upload(self, source: Path) -> None:
        """Make the object from a local file; until that is complete, what was there stays.

        Raises:
            HardnessError: the store refuses, or there is no such bucket.
        """
        try:
            with asking(self.url, "writable"):
                if source.stat().st_size <= _SINGLE_REQUEST_BYTES:
                    self._file_system.pipe_file(self.url, source.read_bytes())
                else:
                    self._file_system.put_file(str(source), self.url)
        except FileNotFoundError as error:
            raise refusal(self.url, "writable", error) from error

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object."""
        try:
            with asking(self.url, "writable"):
                self._file_system.rm_file(self.url)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def remove_folder(self) -> None:
        """Remove every object in this folder, if there are any."""
        for path in self.iterdir():
            if path.is_dir():
                path.remove_folder()
            else:
                path.unlink(missing_ok=True)

    @property
    def _file_system(self) -> Any:
        return file_system(self.url)


def ahead(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The function of every item in order, some of them asked for ahead of time."""
    left = iter(items)
    with ThreadPoolExecutor(_REQUESTS) as pool:
        waiting = deque(pool.submit(function, item) for item in islice(left, _REQUESTS))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(function, item) for item in islice(left, 1))
                yield result
        finally:
            for request in waiting:
                request.cancel()


class RangedFile(io.RawIOBase):
    """An object as a file for libraries that seek: a read is one request for just those bytes."""

    def __init__(self, path: RemotePath) -> None:
        found = path.version()
        if found is None:
            raise FileNotFoundError(str(path))
        self._path = path
        self._size = found[0]
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        stop = self._size if size is None or size < 0 else min(self._position + size, self._size)
        data = self._path.read_range(self._position, stop)
        self._position += len(data)
        return data
