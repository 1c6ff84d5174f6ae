"""What the first run of a command takes more than later ones: compiling its kernels.

    python benchmarks/compile.py

The commands run one after the other with an empty cache of numba's, so that each compiles what
those before it did not, and then with the full one, on the generated sample (3,600 records).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from processes import Timing, run_once

from hardness.demo.sample import write_sample


def commands(data: Path, work: Path) -> dict[str, list[str]]:
    """Name to command line, in the order in which they run."""
    hardness = [sys.executable, "-m", "hardness"]
    score = [*hardness, "score", str(data), "-o", str(work / "table"), "--metric"]
    return {
        "score --metric perplexity": [*score, "perplexity"],
        "lm": [*hardness, "lm", str(data), "-o", str(work / "model.arpa")],
        "score --metric ngram-pvi": [*score, "ngram-pvi"],
    }


def time_commands(data: Path, timings: dict[str, tuple[Timing, Timing]]) -> None:
    """Run all commands with an empty cache and again with what that left; adds to the timings."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["NUMBA_CACHE_DIR"] = cache
        for state in range(2):
            with tempfile.TemporaryDirectory() as work:
                for name, command in commands(data, Path(work)).items():
                    run_once(command, timings.setdefault(name, (Timing(), Timing()))[state])


def main() -> None:
    """Print a Markdown table of the least CPU seconds of each command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    timings: dict[str, tuple[Timing, Timing]] = {}
    with tempfile.TemporaryDirectory() as folder:
        data, _ = write_sample(Path(folder))
        for _ in range(arguments.runs):
            time_commands(data, timings)
    print("| CPU s | empty cache | full cache | compiling |")
    print("|---|---|---|---|")
    total = 0.0
    for name, (empty, full) in timings.items():
        first, later = min(empty.cpu), min(full.cpu)
        total += first - later
        print(f"| {name} | {first:.2f} | {later:.2f} | {first - later:.2f} |")
    print(f"| together | | | {total:.2f} |")


if __name__ == "__main__":
    main()
