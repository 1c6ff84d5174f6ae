"""The folder of a run's intermediate files: claimed by one run at a time, trusted when it may be.

Files are not flushed to the disk one by one, which would take longer than computing what they hold.
A killed process loses nothing by that, but a machine that stops does: so the folder knows since
which start of the machine it is written, and after another start what is in it counts for nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hardness.errors import HardnessError
from hardness.io.atomic import full_disk_is_the_users
from hardness.io.locks import try_lock
from hardness.io.storage import Location

_MARK = "hardness-work"
"""Lies in a run's folder, so that no other folder is ever removed. Holds `_DURABLE`, or the name
of the start of the machine since which the folder is written."""
_DURABLE = "durable"
_START = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def claimed(folder: Path, *, durable: bool) -> Iterator[bool]:
    """Make a run's folder, or find it with the files that can be trusted, and keep others out.

    A killed process lets go of it.

    Args:
        folder: the run's own.
        durable: every file will be flushed to the disk as it is written, so that it outlives a
            power failure. For workers on other machines, whose failures are not seen here.

    Yields:
        Whether files must be flushed: where asked, and where starts of the machine have no name.

    Raises:
        HardnessError: another process has claimed it.
    """
    start = _START.read_text().strip() if _START.exists() else None
    with full_disk_is_the_users(folder):
        folder.mkdir(parents=True, exist_ok=True)
        mark = open(folder / _MARK, "a+")  # noqa: SIM115
    with mark:
        if try_lock(mark.fileno()) is False:
            raise HardnessError(
                f"work must be free, got {str(folder)!r} in use by another run of the same; "
                "wait for it"
            )
        mark.seek(0)
        state = mark.read()
        trusted = state != "" and state in (_DURABLE, start)
        for path in folder.iterdir():
            interrupted = path.name.startswith(".") and ".tmp-" in path.name
            if path.name != _MARK and (interrupted or not trusted):
                path.unlink(missing_ok=True)
        durable = durable or start is None
        # A file that was not flushed makes the whole folder last as long as the machine runs.
        state = state if trusted and state != _DURABLE else _DURABLE if durable else start
        assert state is not None
        mark.truncate(0)
        with full_disk_is_the_users(folder):
            mark.write(state)
            mark.flush()
        yield durable


def remove_unclaimed(folder: Path) -> None:
    """Remove what a run left, unless it is under way; leave every other folder alone."""
    if not (folder / _MARK).is_file():
        return
    with open(folder / _MARK, "a+") as mark:
        if try_lock(mark.fileno()) is not False:
            remove_tree(folder)


def remove_tree(folder: Path) -> None:
    """Remove a folder in which a task that was given up may still be writing."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alone(folder: Location) -> Iterator[None]:
    """Keep other runs from writing to a local folder, which is made; a killed process lets go.

    Object stores have no locks: there, runs of one plan write the same bytes, and the parts of two
    plans do not fit each other's metric.json.

    Raises:
        HardnessError: another run is writing there.
    """
    if not isinstance(folder, Path) or os.name == "nt":
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if try_lock(descriptor) is False:
            raise HardnessError(
                f"output must be free, got {str(folder)!r} in use by another run; wait for it, or "
                "name another table with -o"
            )
        yield
    finally:
        os.close(descriptor)
