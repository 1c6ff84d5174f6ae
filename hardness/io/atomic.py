"""Writing files so that a reader sees the whole file or none of it."""

from __future__ import annotations

import errno
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hardness.errors import HardnessError, errno_of
from hardness.io.remote import RemotePath
from hardness.io.storage import AnyPath, locate

_USERS_TO_MEND = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some space or choose another folder",
    errno.EACCES: "choose a folder you may write to",
    errno.EPERM: "choose a folder you may write to",
    errno.EROFS: "choose a folder you may write to",
}

permission: ContextVar[Callable[[], None] | None] = ContextVar("permission", default=None)
"""Called before a file is begun and before it takes its place; raises where the run that wants it
has ended: a task that outlives its run must not write over the files of the next one."""


@contextmanager
def atomic_path(path: AnyPath) -> Iterator[Path]:
    """A temporary file that takes the place of `path` when the block ends well.

    It lies beside `path`, under a name that starts with "." and contains ".tmp-", so no pattern for
    finished files matches it. On success the file is flushed to disk and renamed; on an exception
    it is removed and whatever was at `path` stays. For a remote `path` it lies in the system's
    temporary folder and is uploaded: an object is there once its upload is complete.

    Args:
        path: the final name; missing parent folders are made.

    Yields:
        The temporary path, which the block must create.

    Raises:
        HardnessError: the disk is full, or the folder or store cannot be written to.
    """
    location = locate(path)
    ask_permission()
    if isinstance(location, RemotePath):
        with tempfile.TemporaryDirectory(prefix="hardness-") as folder:
            staged = Path(folder) / location.name
            with _mended_by_the_user(folder):
                yield staged
            ask_permission()
            location.upload(staged)
        return
    temporary = temporary_name(location)
    try:
        with _mended_by_the_user(str(location)):
            location.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            flush(temporary)
            ask_permission()
            os.replace(temporary, location)
            flush(location.parent)
    except BaseException:
        discard(temporary)
        raise


def discard(temporary: Path) -> None:
    """Remove a temporary file, if it can be: what went wrong before is what is to be told."""
    with suppress(OSError):
        temporary.unlink()


def temporary_name(path: Path) -> Path:
    """A new name beside `path` that no pattern for finished files matches."""
    return path.with_name(f".{path.name}.tmp-{os.getpid()}-{secrets.token_hex(4)}")


def ask_permission() -> None:
    """Raise whatever `permission` raises where a file is no longer wanted."""
    refuse = permission.get()
    if refuse is not None:
        refuse()


@contextmanager
def full_disk_is_the_users(folder: Path) -> Iterator[None]:
    """Turn a full disk into a HardnessError.

    Args:
        folder: of intermediate files, which a repeated command finds again.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise HardnessError(
            f"the disk of {folder} must have room for intermediate files, got "
            f"{os.strerror(error.errno)!r}; "
            "free some space and run the same command again, it goes on where it was"
        ) from error


@contextmanager
def _mended_by_the_user(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        number = errno_of(error)
        if number not in _USERS_TO_MEND:
            raise
        raise HardnessError(
            f"output {name} must be writable, got {os.strerror(number)!r}; {_USERS_TO_MEND[number]}"
        ) from error


def write_json(path: AnyPath, value: Any) -> None:
    """Write `value` as indented JSON with its keys in the order given."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: AnyPath) -> Any:
    """The value in a JSON file that this package wrote.

    Raises:
        HardnessError: the file is missing or is not JSON.
    """
    try:
        return json.loads(locate(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise HardnessError(f"{path} must exist, got nothing; check the path") from error
    except (ValueError, OSError) as error:
        raise HardnessError(
            f"{path} must be a readable JSON file, got {error}; delete it and run again"
        ) from error


def write_parquet(path: AnyPath, table: pa.Table, **options: Any) -> None:
    """Write `table` as Parquet: zstd level 1 unless `options` say otherwise.

    The bytes depend on the table and the options only, so equal results have equal digests.
    """
    settings: dict[str, Any] = {"compression": "zstd", "compression_level": 1} | options
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, **settings)


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    # The name must not reach the disk before the contents do.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
