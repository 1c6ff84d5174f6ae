"""Starting several processes on this machine, and hearing from the first of them.

The ranks are `python -m hardness.training.worker`, told what to do by a JSON document on their
standard input. The first rank sends one JSON line for each event through a pipe of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from torch.distributed import TCPStore  # pyright: ignore[reportPrivateImportUsage]

from hardness.errors import HardnessError, OutputExistsError
from hardness.training.config import TrainConfig
from hardness.training.listener import Listener, StepReport
from hardness.training.signals import EXIT_CODE, Stopped, deaf_to_interrupts, listening

PATIENCE_S = 10.0
"""How long the other ranks may take to end after one has failed."""
ENDING_S = 120.0
"""The same after one that ended well: on a busy machine a process takes long to end."""


def launch(config: TrainConfig, listener: Listener) -> tuple[Mapping[str, Any], bool]:
    """Run `config` on `config.nproc` processes of this machine.

    Args:
        config: the options.
        listener: hears what the first rank hears.

    Returns:
        The contents of result.json and whether the run was already complete.

    Raises:
        HardnessError, OutputExistsError: what the first rank raised.
        Stopped: SIGTERM came, was passed on, and a checkpoint was saved.
        RuntimeError: a rank died; its traceback is on standard error.
    """
    store = open_store()
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as events, _forwarding_sigterm() as ranks:
        with deaf_to_interrupts():
            for rank in range(config.nproc):
                ranks.append(_start(config, rank, store, writing if rank == 0 else None))
        os.close(writing)
        result: tuple[Mapping[str, Any], bool] | None = None
        mistake: HardnessError | None = None
        for line in events:
            kind, value = json.loads(line)
            if kind == "result":
                result = value["found"], value["cached"]
            elif kind == "mistake":
                mistake = HardnessError(value)
            elif kind == "exists":
                mistake = OutputExistsError(value)
            else:
                _tell(listener, kind, value)
        codes = _wait(ranks)
    if mistake is not None:
        raise mistake
    if EXIT_CODE in codes:
        raise Stopped
    if result is None or any(codes):
        raise RuntimeError(f"training processes ended with codes {codes}; see their messages above")
    return result


def open_store() -> TCPStore:
    """Where the ranks meet, as long as it is kept, on a free port that the system chose.

    The first rank could open it, but only on a port that it is told: one that was free then, and
    may have been taken since.
    """
    return TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)


def variables(store: TCPStore, rank: int, size: int) -> dict[str, str]:
    """The environment of a rank among `size` that meet in `store`, as torchrun sets it."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(size),
        "LOCAL_WORLD_SIZE": str(size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": str(True),
    }


def _start(
    config: TrainConfig, rank: int, store: TCPStore, events: int | None
) -> subprocess.Popen[bytes]:
    local = variables(store, rank, config.nproc)
    threads = max(1, (os.cpu_count() or 1) // config.nproc)
    environment = {"OMP_NUM_THREADS": str(threads), **os.environ, **local}
    process = subprocess.Popen(
        [sys.executable, "-m", "hardness.training.worker"],
        stdin=subprocess.PIPE,
        env=environment,
        pass_fds=() if events is None else (events,),
    )
    assert process.stdin is not None
    with process.stdin as told:
        told.write(json.dumps({"options": config.to_dict(), "events": events}).encode())
    return process


def _tell(listener: Listener, kind: str, value: Any) -> None:
    if kind == "note":
        listener.note(value)
    elif kind == "step":
        listener.step(StepReport(**value))
    elif kind == "evaluated":
        listener.evaluated(value)


def _wait(ranks: list[subprocess.Popen[bytes]]) -> list[int]:
    """Exit codes of all ranks; those that outlive another by too long are ended."""
    codes = []
    for process in ranks:
        try:
            # A first rank that ended well has waited for the others, which have only to end, too.
            longest = PATIENCE_S if any(codes) else ENDING_S
            codes.append(process.wait(longest if codes else None))
        except subprocess.TimeoutExpired:
            process.kill()
            codes.append(process.wait())
    return codes


@contextlib.contextmanager
def _forwarding_sigterm() -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes added to the list get this one's SIGTERM, and do not outlive the block."""
    ranks: list[subprocess.Popen[bytes]] = []

    def forward() -> None:
        for process in ranks:
            process.send_signal(signal.SIGTERM)

    try:
        with listening(forward):
            yield ranks
    finally:
        for process in ranks:
            if process.poll() is None:
                process.kill()
                process.wait()
