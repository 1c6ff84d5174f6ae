"""The command as a program of its own, undisturbed or with something done to it first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MAIN = "from hardness.cli.app import main; main()"

_AFTER = """
import importlib, itertools, os, signal, sys, threading
module, name, last_call = sys.argv.pop(1), sys.argv.pop(1), int(sys.argv.pop(1))
*classes, last = name.split(".")
owner = importlib.import_module(module)
for part in classes:
    owner = getattr(owner, part)
original = getattr(owner, last)
calls, interrupted = itertools.count(1), threading.Event()
def interrupt(number, frame):
    interrupted.set()
    signal.default_int_handler(number, frame)
signal.signal(signal.SIGINT, interrupt)
def call(*arguments, **options):
    result = original(*arguments, **options)
    if next(calls) == last_call:
        os.kill(os.getpid(), signal.%s)
        interrupted.wait()
    return result
setattr(owner, last, call)
"""
INTERRUPT_AFTER = _AFTER % "SIGINT"
"""Arguments: a module, a function or method in it, and after how many calls Ctrl-C comes."""
KILL_AFTER = _AFTER % "SIGKILL"
"""Likewise; the program is killed."""

LIMIT_FILES = """
import resource, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
"""
"""Argument: bytes beyond which no file grows, as if the disk were full."""

SPILL = "import hardness.curriculum.build as build; build.IN_MEMORY_SHARE = 0.0\n"


def hardness(
    *arguments: object,
    cwd: Path,
    before: str | None = None,
    env: Mapping[str, str] | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Run `hardness` with the arguments.

    Args:
        arguments: as typed; before them what `before` takes out of `sys.argv`.
        cwd: where.
        before: Python code to run first.
        env: variables to add to the environment.
        options: for `subprocess.run`.
    """
    start = ["-m", "hardness"] if before is None else ["-c", before + MAIN]
    settings: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        text=True,
        timeout=300,
        check=False,
        **settings,
    )


def one_line(text: str) -> str:
    """The only line of a text."""
    (line,) = text.splitlines()
    return line


def leftovers(folder: Path) -> list[str]:
    """Temporary files and folders below a folder."""
    return [path.name for path in folder.rglob("*") if ".tmp-" in path.name]
