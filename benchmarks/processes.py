"""Timing whole processes, in turn, so that a machine whose speed drifts is fair to all."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Command = Sequence[str]


@dataclass
class Timing:
    """The runs of one command.

    Attributes:
        wall, cpu: seconds of each run; cpu is user and system time, children included.
        peak_bytes: largest resident set of each run's largest process.
    """

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_bytes: list[int] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Median wall time."""
        return statistics.median(self.wall)

    @property
    def cpu_seconds(self) -> float:
        """Median of user and system time."""
        return statistics.median(self.cpu)


def run_once(command: Command, timing: Timing) -> None:
    """Run a command to its end and add what it took."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{errors.decode()}")
    timing.wall.append(time.perf_counter() - began)
    timing.cpu.append(usage.ru_utime + usage.ru_stime)
    timing.peak_bytes.append(usage.ru_maxrss * 1024)


def compare(
    commands: Mapping[str, Command], *, runs: int, before: Callable[[], None] = lambda: None
) -> dict[str, Timing]:
    """Time commands in turn, A B C A B C …, after one round that is not counted.

    Args:
        commands: name to command line.
        runs: counted rounds.
        before: called before each run, to remove what the last one left.
    """
    timings = {name: Timing() for name in commands}
    for counted in (False, *[True] * runs):
        for name, command in commands.items():
            before()
            run_once(command, timings[name] if counted else Timing())
    return timings
