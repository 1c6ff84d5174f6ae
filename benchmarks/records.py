"""Metrics of a million records that need no model: whole processes, on one thread and on all.

python benchmarks/records.py --records 1M
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
from corpus import make_corpus
from processes import Timing, compare

PYTHON = sys.executable
_TOKENS_PER_RECORD = 22

FLOOR = """
import sys, polars as pl
data = pl.scan_ndjson(sys.argv[1]).select("id")
data.join(pl.scan_csv(sys.argv[2]), on="id", how="left").sink_parquet(sys.argv[3])
"""


def records(amount: str) -> int:
    """1M as a number."""
    return int(float(amount[:-1]) * 1e6) if amount.endswith("M") else int(amount)


def make_records(data: Path, scores: Path, n_tokens: int) -> int:
    """Write records with a number each, and others to a CSV file in another order; how many."""
    make_corpus(data, n_tokens)
    rng = np.random.default_rng(0)
    rows = [json.loads(line) for line in data.open()]
    numbers = rng.random(len(rows)).tolist()
    with data.open("w") as file:
        for row, number in zip(rows, numbers, strict=True):
            file.write(json.dumps(row | {"score": number}) + "\n")
    order = rng.permutation(len(rows)).tolist()
    frame = pl.DataFrame({"id": [rows[i]["id"] for i in order]})
    for name in ("loss", "margin"):
        frame = frame.with_columns(pl.Series(name, rng.random(len(rows))))
    frame.write_csv(scores)
    return len(rows)


def commands(data: Path, scores: Path, work: Path) -> dict[str, list[str]]:
    """Name to command line of everything that is compared."""
    score = [PYTHON, "-m", "hardness", "score", str(data), "--overwrite", "-o"]
    given = ["--higher", "harder"]
    one = ["--threads", "1"]
    metrics = {
        "surface": ["--metric", "surface"],
        "dsir, target the same": ["--metric", "dsir", "--reference", str(data)],
        "column:score": ["--metric", "column:score", *given],
        "import, 2 columns": ["--metric", "import", "--from", str(scores), *given],
    }
    compared = {}
    for name, options in metrics.items():
        compared[f"{name}, one thread"] = [*score, str(work / "one"), *options, *one]
        compared[name] = [*score, str(work / "all"), *options]
    joined = str(work / "joined.parquet")
    compared["floor of import: polars joins"] = [
        PYTHON,
        "-c",
        FLOOR,
        str(data),
        str(scores),
        joined,
    ]
    return compared


def main() -> None:
    """Make the records, time everything and print a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=records, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        data, scores = work / "data.jsonl", work / "scores.csv"
        # In a process of its own: what this one holds counts as its children's at their start.
        with ProcessPoolExecutor(1) as pool:
            n_tokens = arguments.records * _TOKENS_PER_RECORD
            n_records = pool.submit(make_records, data, scores, n_tokens).result()
        size = data.stat().st_size / 1e6
        print(f"\n{n_records:,} records, {size:.0f} MB of JSONL\n")
        print_table(n_records, compare(commands(data, scores, work), runs=arguments.runs))


def print_table(n_records: int, timings: dict[str, Timing]) -> None:
    """Median seconds and peak memory."""
    print("| | wall s | CPU s | records a minute and core | peak MB |")
    print("|---|---|---|---|---|")
    for name, timing in timings.items():
        cpu = sorted(timing.cpu)[len(timing.cpu) // 2]
        print(
            f"| {name} | {timing.seconds:.2f} | {cpu:.2f} | {60 * n_records / cpu / 1e6:.1f} M "
            f"| {max(timing.peak_bytes) / 1e6:.0f} |"
        )


if __name__ == "__main__":
    main()
