"""Local copies of files that are read more than once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hardness.io.atomic import full_disk_is_the_users
from hardness.io.remote import RemotePath, ahead
from hardness.io.storage import Location, fetch


@contextmanager
def local_copies(paths: Sequence[Location]) -> Iterator[list[Path]]:
    """The files themselves where they are local; else copies under their names, gone afterwards.

    Args:
        paths: all local or all remote, of different names.

    Raises:
        HardnessError: a remote one may not be read, or there is no room for the copies.
    """
    remote = [path for path in paths if isinstance(path, RemotePath)]
    if not remote:
        yield [path for path in paths if isinstance(path, Path)]
        return
    with tempfile.TemporaryDirectory(prefix="hardness-") as name:
        folder = Path(name)

        def copy(path: RemotePath) -> Path:
            with full_disk_is_the_users(folder):
                fetch(path, folder / path.name)
            return folder / path.name

        yield list(ahead(copy, remote))
