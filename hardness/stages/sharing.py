"""Folders that the workers of a run write to: each must be the very folder that the client sees."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hardness.errors import HardnessError

_NAME = ".workers-"


@dataclass(frozen=True)
class Mark:
    """An empty file that lies in a folder for as long as its run goes on.

    A worker on another machine may have a folder of the same name, and a task may outlive the run
    that started it. In both cases the mark is not there, and nothing must be written.
    """

    path: Path

    def check(self) -> None:
        """Raises HardnessError unless this process sees the mark."""
        if not self.path.exists():
            raise not_seen(self.path.parent)

    def beside(self, name: str) -> Path:
        """Path of a file for this run alone, removed with what else an ended run left."""
        return self.path.with_name(f"{self.path.name}-{name}")


def not_seen(folder: Path) -> HardnessError:
    """What to raise where this process sees another folder of that name, or none."""
    return HardnessError(
        "output and work must be folders that every worker sees under the same path, got another "
        f"or no {folder} on {socket.gethostname()} (or the run has ended); choose a folder on a "
        "disk that all machines share"
    )


@contextmanager
def marked(folders: list[Path]) -> Iterator[tuple[Mark, ...]]:
    """Mark folders as belonging to this run, and to no earlier one."""
    with ExitStack() as stack:
        marks = []
        for folder in folders:
            for old in folder.glob(f"{_NAME}*"):
                old.unlink(missing_ok=True)
            path = folder / f"{_NAME}{secrets.token_hex(8)}"
            path.touch()
            stack.callback(path.unlink, missing_ok=True)
            marks.append(Mark(path))
        yield tuple(marks)
