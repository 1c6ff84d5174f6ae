"""Loaded by workers under test: notes every task that begins, and holds those that are asked for.

In the folder HARDNESS_TEST_WATCH,

    began               one line for each task that begins: stage, index, process
    hold-STAGE          made by a test: the next task of that stage renames it to
    held-STAGE-INDEX-PROCESS    and waits until that is gone
    die-STAGE           made by a test: every task of that stage kills its worker
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

from distributed import get_worker

from hardness.stages import workers

folder = Path(os.environ["HARDNESS_TEST_WATCH"])
if not hasattr(workers, "unwatched"):  # Dask may load this file twice
    setattr(workers, "unwatched", workers.call)  # noqa: B010
call = getattr(workers, "unwatched")  # noqa: B009


def watched(source: Any, item: Any) -> Any:
    named = re.fullmatch(r"(.*)-[0-9a-f]{16}-(\d+)", str(get_worker().get_current_task()))
    assert named is not None
    stage, index = named.groups()
    with open(folder / "began", "ab", buffering=0) as file:
        file.write(f"{stage} {index} {os.getpid()}\n".encode())
    if (folder / f"die-{stage}").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    held = folder / f"held-{stage}-{index}-{os.getpid()}"
    try:
        os.rename(folder / f"hold-{stage}", held)
    except FileNotFoundError:
        return call(source, item)
    while held.exists():
        time.sleep(0.01)
    return call(source, item)


workers.call = watched
