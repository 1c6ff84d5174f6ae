"""Real processes for tests: each rank does a list of runs, one after the other.

Starting Python and torch costs seconds, so that many runs share one start. Run as
`python -m tests.training.ranks` with the jobs on standard input.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardness.training.launch import open_store, variables
from hardness.training.listener import Listener, StepReport

ROOT = Path(__file__).parents[2]


def run_ranks(
    world_size: int,
    jobs: Sequence[dict[str, Any]],
    *,
    dies: bool = False,
    module: str = "tests.training.ranks",
    timeout_s: float = 240,
) -> None:
    """Do `jobs` on `world_size` processes.

    Args:
        world_size: how many.
        jobs: the keyword arguments of `hardness.train`. `kill_at` and `stop_at` add a SIGKILL or
            a SIGTERM to the first rank after that step, the former `delay_s` later.
        dies: whether a job kills the first rank.
        module: what the processes run instead of this file.
        timeout_s: longest wait for a process.
    """
    store = open_store()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    told = json.dumps(list(jobs), default=str)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            env=environment | variables(store, rank, world_size),
            cwd=ROOT,
            text=True,
        )
        for rank in range(world_size)
    ]
    try:
        for process in processes:
            assert process.stdin is not None
            with process.stdin as stdin:
                stdin.write(told)
        codes = [process.wait(timeout_s) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert all(codes) if dies else not any(codes), codes


class Breaker(Listener):
    """Disturbs the process that it listens in after a certain step."""

    def __init__(self, *, kill_at: int | None, stop_at: int | None, delay_s: float) -> None:
        self.kill_at = kill_at
        self.stop_at = stop_at
        self.delay_s = delay_s
        self.killing: threading.Timer | None = None

    def step(self, report: StepReport) -> None:
        """Send the signal when its step has come."""
        if report.step == self.stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        if report.step == self.kill_at:
            self.killing = threading.Timer(self.delay_s, os.kill, (os.getpid(), signal.SIGKILL))
            self.killing.start()
        if self.kill_at is not None and report.step == self.kill_at + 3:
            # The run must not be over before, however long a busy machine lets the timer wait.
            assert self.killing is not None
            self.killing.join()


def main() -> None:
    """What each rank does."""
    import torch
    import torch.distributed as dist

    from hardness.training.run import train

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    for job in json.load(sys.stdin):
        breaker = Breaker(
            kill_at=job.pop("kill_at", None),
            stop_at=job.pop("stop_at", None),
            delay_s=job.pop("delay_s", 0.0),
        )
        try:
            train(**job, listener=breaker)
        except SystemExit as stopped:
            if stopped.code != 143:
                raise
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
