"""Which of several workers this process is."""

from __future__ import annotations

import sys


def worker_number() -> int:
    """The number of this worker among those that `--workers` started; 0 elsewhere.

    With one GPU each, it says which is this one's.
    """
    if "distributed" not in sys.modules:
        return 0
    from distributed import get_worker

    try:
        name = get_worker().name
    except ValueError:  # not a worker
        return 0
    return int(name) if str(name).isdigit() else 0
