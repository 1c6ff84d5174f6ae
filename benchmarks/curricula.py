"""What orders and selections cost: CPU time and memory over N records, against sorting them.

python benchmarks/curricula.py --records 10000000
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from hardness.curriculum.curriculum import Curriculum
from hardness.curriculum.selections import Context

ORDERS = (
    "ascending", "random", "interleaved:5", "buckets:10", "babysteps:4", "annealed:5", "competence",
    "linear", "cyclical", "warmup:0.2", "repeat-random:0.1",
)  # fmt: skip
SELECTIONS = ("easiest:0.3", "region:hard", "coverage:0.3,prune=0.1", "gumbel:0.3", "random:0.3")


def main() -> None:
    """Print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000_000)
    records = parser.parse_args().records
    scores = np.random.default_rng(0).lognormal(size=records)
    hardness = np.empty(records)
    hardness[np.argsort(scores)] = np.arange(records) / max(records - 1, 1)
    context = Context(raw=scores, direction="higher", read=lambda name: scores)
    sorting = None
    print(f"{records:,} records; CPU time against `ascending`, in this run")
    for options in [{"order": name} for name in ORDERS] + [{"select": name} for name in SELECTIONS]:
        start = time.process_time()
        sequence = Curriculum(**options).sequence(hardness, context)
        seconds = time.process_time() - start
        sorting = sorting or seconds
        name = " ".join(options.values())
        print(f"{name:<24} {len(sequence):>12,} positions {seconds / sorting:6.1f} x", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"peak memory {peak / records:.0f} bytes a record, scores and hardness (16) included")


if __name__ == "__main__":
    main()
