"""The temporary folder of plain copies; what a killed process left, the next one removes."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import IO

from hardness.io.locks import try_lock

_MARK = "hardness-staging"
"""Lies in every such folder, locked by its process. Holds the name of the machine."""
_YOUNG_SECONDS = 60
"""A folder younger than this may not be locked yet."""

_held: dict[str, IO[str]] = {}
"""The marks of this process's folders."""


def make_staging(work: str | os.PathLike[str] | None) -> str:
    """A new folder; those of processes that were killed are removed.

    Args:
        work: where to make it; in the system's folder of temporary files if None.

    Raises:
        OSError: there is no room for it.
    """
    if work is not None:
        os.makedirs(work, exist_ok=True)
    _remove_stale(Path(tempfile.gettempdir() if work is None else work))
    folder = tempfile.mkdtemp(prefix="hardness-", dir=work)
    mark = open(Path(folder) / _MARK, "w")  # noqa: SIM115
    try_lock(mark.fileno())
    mark.write(socket.gethostname())
    mark.flush()
    _held[folder] = mark
    return folder


def remove_staging(folder: str) -> None:
    """Remove a folder that this process made."""
    shutil.rmtree(folder, ignore_errors=True)
    if mark := _held.pop(folder, None):
        mark.close()


def _remove_stale(parent: Path) -> None:
    for path in parent.glob(f"hardness-*/{_MARK}"):
        try:
            with open(path, "r+") as mark:
                young = time.time() - os.fstat(mark.fileno()).st_mtime < _YOUNG_SECONDS
                # Locks of other machines may not be seen here.
                if not young and mark.read() == socket.gethostname() and try_lock(mark.fileno()):
                    shutil.rmtree(path.parent, ignore_errors=True)
        except OSError:  # gone meanwhile, or another user's
            continue
