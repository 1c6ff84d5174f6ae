"""Real processes for tests: each rank does a list of runs, one after the other.

Starting Python and torch costs seconds, so that many runs share one start. Run as
`python -m tests.training.ranks` with the jobs on standard input.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def run_ranks(world_size: int, jobs: Sequence[dict[str, Any]], timeout_s: float = 240) -> None:
    """Do `jobs`, the keyword arguments of `hardness.train`, on `world_size` processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "WORLD_SIZE": str(world_size),
        "LOCAL_WORLD_SIZE": str(world_size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    told = json.dumps(list(jobs), default=str)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.training.ranks"],
            stdin=subprocess.PIPE,
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
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
    assert codes == [0] * world_size, codes


def main() -> None:
    """What each rank does."""
    import torch
    import torch.distributed as dist

    from hardness.training.run import train

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    for job in json.load(sys.stdin):
        train(**job)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
