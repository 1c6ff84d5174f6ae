"""Cartography of recorded dynamics against allenai/cartography's script, as whole processes.

    python benchmarks/cartography.py --records 1M
    python benchmarks/cartography.py --records 1M --theirs CHECKOUT

Six epochs of three logits a record, each epoch in an order of its own, in both formats: Parquet as
this project's recorder writes it, and allenai/cartography's JSONL. CHECKOUT is a clone of
github.com/allenai/cartography, whose script computes the numbers alone, without plots and filters;
it runs once. The floor is a process in which polars reads the Parquet files and groups them by row
into means and one deviation: five of the eleven columns, and no table.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))

from processes import Timing, compare, run_once

from hardness.metrics.observations import observe_logits

PYTHON = sys.executable
EPOCHS = 6
CLASSES = 3
LABELS = ("entailment", "neutral", "contradiction")
_VALUES = ("gold_logprob", "correct", "margin", "error_norm")

FLOOR = """
import sys, polars as pl
p = pl.col("gold_logprob").cast(pl.Float64).exp()
frame = pl.scan_parquet(sys.argv[1] + "/epoch-*/*.parquet").group_by("row").agg(
    p.mean().alias("confidence"), p.std(ddof=0).alias("variability"),
    pl.col("correct").cast(pl.Float64).mean(), pl.col("margin").cast(pl.Float64).mean(),
    pl.col("error_norm").cast(pl.Float64).mean(),
)
print(frame.sort("row").collect()["confidence"].sum())
"""

THEIRS = """
import os, runpy, sys, types
# It draws nothing here, so that what it draws with need not be installed.
for name in ("matplotlib", "matplotlib.pyplot", "seaborn"):
    sys.modules.setdefault(name, types.ModuleType(name))
sys.argv = ["train_dy_filtering.py", "--model_dir", sys.argv[1], "--task_name", "SNLI"]
runpy.run_module("cartography.selection.train_dy_filtering", run_name="__main__")
"""


def records(amount: str) -> int:
    """1M as a number."""
    return int(float(amount[:-1]) * 1e6) if amount.endswith("M") else int(amount)


def make_data(folder: Path, n: int) -> None:
    """data.jsonl, dynamics/ and theirs/training_dynamics/."""
    rng = np.random.default_rng(0)
    gold = rng.integers(0, CLASSES, n)
    guids = np.arange(n) * 7919 + 10**9
    with open(folder / "data.jsonl", "w") as out:
        out.writelines(
            f'{{"id":{guid},"text":"record number {row} of the data","label":"{LABELS[c]}"}}\n'
            for row, (guid, c) in enumerate(zip(guids.tolist(), gold.tolist(), strict=True))
        )
    theirs = folder / "theirs" / "training_dynamics"
    theirs.mkdir(parents=True)
    for epoch in range(EPOCHS):
        rows = rng.permutation(n)
        logits = rng.normal(size=(n, CLASSES)) * 2
        logits[np.arange(n), gold[rows]] += epoch * 0.5
        logits = logits.round(10)
        write_parquet(folder / f"dynamics/epoch-{epoch + 1:03d}", rows, logits, gold[rows])
        lines = zip(guids[rows].tolist(), logits.tolist(), gold[rows].tolist(), strict=True)
        with open(theirs / f"dynamics_epoch_{epoch}.jsonl", "w") as out:
            out.writelines(
                f'{{"guid":{guid},"logits_epoch_{epoch}":{row},"gold":{c}}}\n'.replace(" ", "")
                for guid, row, c in lines
            )


def write_parquet(folder: Path, rows: np.ndarray, logits: np.ndarray, gold: np.ndarray) -> None:
    """One epoch as the recorder writes it."""
    folder.mkdir(parents=True)
    observed = observe_logits(logits, gold)
    columns = {name: getattr(observed, name).astype(np.float32) for name in _VALUES}
    table = pa.table({"row": rows.astype(np.uint64), **columns})
    pq.write_table(table, folder / "rank-0.parquet", compression="zstd", compression_level=1)


def commands(folder: Path, output: Path, memory: str) -> dict[str, list[str]]:
    """Name to command line of everything that is compared."""
    score = [PYTHON, "-m", "hardness", "score", str(folder / "data.jsonl"), "-o", str(output)]
    score += ["--metric", "cartography", "--memory", memory, "--dynamics"]
    return {
        "hardness, Parquet": [*score, str(folder / "dynamics")],
        "hardness, JSONL": [*score, str(folder / "theirs")],
        "floor: polars reads Parquet and groups": [PYTHON, "-c", FLOOR, str(folder / "dynamics")],
    }


def report(timings: dict[str, Timing], n: int) -> None:
    """Print a table in Markdown."""
    size = f"{n / 1e6:g} M" if n >= 10**6 else f"{n:,}"
    print(f"\n{size} records, {EPOCHS} epochs, {CLASSES} classes\n")
    print(
        "| | wall s | CPU s | ratio of wall | ratio of CPU | peak MB |\n|---|---|---|---|---|---|"
    )
    base = next(iter(timings.values()))
    for name, timing in timings.items():
        cpu, base_cpu = float(np.median(timing.cpu)), float(np.median(base.cpu))
        print(
            f"| {name} | {timing.seconds:.2f} | {cpu:.2f} | {timing.seconds / base.seconds:.2f} | "
            f"{cpu / base_cpu:.2f} | {max(timing.peak_bytes) / 1e6:.0f} |"
        )


def main() -> None:
    """Make the data, time everything, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=records, default=10**6, help="such as 1M")
    parser.add_argument("--runs", type=int, default=3, help="counted rounds")
    parser.add_argument("--memory", default="4GB", help="bound for hardness")
    parser.add_argument("--theirs", type=Path, help="a clone of allenai/cartography to time too")
    parser.add_argument("--work", type=Path, help="folder for the data")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.work) as place:
        folder = Path(place)
        output = folder / "table"
        make_data(folder, arguments.records)
        timings = compare(
            commands(folder, output, arguments.memory),
            runs=arguments.runs,
            before=lambda: shutil.rmtree(output, ignore_errors=True),
        )
        if arguments.theirs is not None:
            os.environ["PYTHONPATH"] = os.pathsep.join(
                [str(arguments.theirs.resolve()), os.environ.get("PYTHONPATH", "")]
            )
            timings["allenai/cartography, JSONL"] = Timing()
            run_once(
                [PYTHON, "-c", THEIRS, str(folder / "theirs")],
                timings["allenai/cartography, JSONL"],
            )
        report(timings, arguments.records)


if __name__ == "__main__":
    main()
