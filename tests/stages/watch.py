"""Commands and workers in processes of their own, and a folder to follow and hold their tasks."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240
"""Longest wait for anything; a busy machine takes long to start a process."""
PRELOAD = str(Path(__file__).with_name("watched_worker.py"))


@dataclass
class Watch:
    """The folder through which tests and `watched_worker` talk."""

    folder: Path

    def clear(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()
        (self.folder / "began").touch()

    def hold(self, *stages: str) -> None:
        for stage in stages:
            (self.folder / f"hold-{stage}").touch()

    def held(self) -> list[Path]:
        return list(self.folder.glob("held-*"))

    def began(self) -> list[tuple[str, int]]:
        """Stage and index of each task that began, in order."""
        lines = (self.folder / "began").read_text().splitlines()
        return [(line.split()[0], int(line.split()[1])) for line in lines]

    def kill_held_workers(self, client: subprocess.Popen[str]) -> list[tuple[str, int]]:
        """Kill the worker of every task that is held, until the client ends; those tasks."""
        lost = []
        while client.poll() is None:
            for path in self.held():
                stage, index, process = of_held(path)
                lost.append((stage, index))
                os.kill(process, signal.SIGKILL)
                path.unlink()
            time.sleep(0.01)
        return lost


def of_held(path: Path) -> tuple[str, int, int]:
    stage, index, process = path.name.removeprefix("held-").rsplit("-", 2)
    return stage, int(index), int(process)


def wait_for(
    what: Callable[[], Any],
) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return found


def environment(watch: Watch) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "HARDNESS_TEST_WATCH": str(watch.folder),
        "DASK_DISTRIBUTED__WORKER__PRELOAD": json.dumps([PRELOAD]),
    }


def command(*arguments: str | Path, watch: Watch, **variables: str) -> subprocess.Popen[str]:
    """`hardness` in a session of its own, as in a terminal of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "hardness", *map(str, arguments)],
        env=environment(watch) | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def succeeded(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, errors
    assert errors == ""


def failed(process: subprocess.Popen[str]) -> str:
    """What a command that ended with code 2 said on its one line."""
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2, errors
    (line,) = errors.splitlines()
    return line


def processes_of(session: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(int(entry.name)) == session:
                found.append(int(entry.name))
    return found
