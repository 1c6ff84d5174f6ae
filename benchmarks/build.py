"""Shards in training order against other ways to sort records by a number and write them.

    python benchmarks/build.py
    python benchmarks/build.py --records 1M --with datasets

Whole processes, side by side. The records (id, text of about nineteen words, label) are generated
from a seed, written as Parquet and scored before. The peers get a copy that carries the score as
one more column, so that all that is asked of them is to read, sort by it and write; polars does so
with the same compression and with its own. Only the shards come with digests, with hardness and
with positions.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from corpus import zipf_texts
from processes import Timing, compare

PYTHON = sys.executable
ROW_GROUP = 2**17

POLARS = """
import sys, polars as pl
pl.read_parquet(sys.argv[1]).sort("score", maintain_order=True).write_parquet(
    sys.argv[2], compression="zstd", compression_level=1)
"""

DEFAULTS = """
import sys, polars as pl
pl.read_parquet(sys.argv[1]).sort("score", maintain_order=True).write_parquet(sys.argv[2])
"""

STREAMING = """
import sys, polars as pl
pl.scan_parquet(sys.argv[1]).sort("score", maintain_order=True).sink_parquet(
    sys.argv[2], compression="zstd", compression_level=1, engine="streaming")
"""

DATASETS = """
import sys, datasets
datasets.disable_progress_bars()
data = datasets.load_dataset(
    "parquet", data_files=sys.argv[1], split="train", cache_dir=sys.argv[3])
data.sort("score").to_parquet(sys.argv[2])
"""


def amount(text: str) -> int:
    """10M as a number."""
    return int(float(text[:-1]) * 1e6) if text.endswith("M") else int(text)


def make_records(path: Path, records: int, *, seed: int = 0) -> None:
    """Write records as Parquet: `id`, `text` and `label`, the same for the same seed."""
    rng = np.random.default_rng(seed)
    schema = pa.schema([("id", pa.string()), ("text", pa.string()), ("label", pa.string())])
    labels = pa.array(["entailment", "neutral", "contradiction"])
    texts = zipf_texts(rng, shortest=5, longest=33, records=ROW_GROUP)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, records, ROW_GROUP):
            n = min(ROW_GROUP, records - start)
            ids = pa.array([f"r{row:09d}" for row in range(start, start + n)])
            chosen = labels.take(pa.array(rng.integers(3, size=n)))
            table = pa.Table.from_arrays([ids, next(texts).slice(0, n), chosen], schema=schema)
            writer.write_table(table)


def score(data: Path, table: Path) -> None:
    """A hardness table of the data."""
    command = ["-m", "hardness", "score", str(data), "-o", str(table), "--memory", "4GB"]
    subprocess.run([PYTHON, *command], check=True, stdout=subprocess.DEVNULL)


def add_scores(data: Path, table: Path, path: Path) -> None:
    """Write the data with its scores as the column `score`, for the peers."""
    parts = sorted((table / "perplexity").glob("part-*.parquet"))
    scores = pa.concat_tables(pq.read_table(part, columns=["perplexity"]) for part in parts)
    start = 0
    source = pq.ParquetFile(data)
    schema = source.schema_arrow.append(pa.field("score", scores.schema[0].type))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in source.iter_batches(ROW_GROUP):
            piece = pa.Table.from_batches([batch])
            column = scores.column(0).slice(start, len(piece))
            writer.write_table(piece.append_column("score", column).cast(schema))
            start += len(piece)


def commands(folder: Path, work: Path, arguments: argparse.Namespace) -> dict[str, list[str]]:
    """Name to command line of everything that is compared."""
    scored, out = str(folder / "scored.parquet"), str(work / "sorted.parquet")
    build = [PYTHON, "-m", "hardness", "build", str(folder / "table"), "--order", "ascending"]
    build += ["-o", str(work / "shards")]
    compared = {
        f"hardness, --memory {size}": [*build, "--memory", size] for size in arguments.memory
    }
    peers = {
        "polars": [PYTHON, "-c", POLARS, scored, out],
        "defaults": [PYTHON, "-c", DEFAULTS, scored, out],
        "streaming": [PYTHON, "-c", STREAMING, scored, out],
        "datasets": [PYTHON, "-c", DATASETS, scored, out, str(work / "cache")],
    }
    titles = {
        "polars": "polars in memory, zstd 1 like the shards",
        "defaults": "polars in memory, its own compression",
        "streaming": "polars, streaming engine",
        "datasets": "datasets sort and to_parquet",
    }
    return compared | {titles[name]: peers[name] for name in arguments.peers}


def main() -> None:
    """Make the records, time everything and print a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=amount, default=10_000_000, help="such as 10M")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", action="append", help="of a build; repeatable")
    parser.add_argument(
        "--with",
        dest="peers",
        action="append",
        choices=["polars", "defaults", "streaming", "datasets"],
        help="a peer; repeatable; by default all ways of polars",
    )
    parser.add_argument("--folder", type=Path, help="where the records are kept")
    arguments = parser.parse_args()
    arguments.memory = arguments.memory or ["4GB"]
    arguments.peers = arguments.peers or ["polars", "defaults", "streaming"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)) / f"records-{arguments.records}"
        folder.mkdir(parents=True, exist_ok=True)
        data, table, scored = folder / "data.parquet", folder / "table", folder / "scored.parquet"
        if not scored.exists():
            make_records(data, arguments.records)
            score(data, table)
            add_scores(data, table, scored)
        work = Path(tempfile.mkdtemp(dir=temporary))

        def clear() -> None:
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            os.sync()  # what one command left to write must not slow the next

        timings = compare(commands(folder, work, arguments), runs=arguments.runs, before=clear)
        print_table(arguments.records, data.stat().st_size, timings)


def print_table(records: int, n_bytes: int, timings: dict[str, Timing]) -> None:
    """Median seconds, ratios to the last build, and peak memory."""
    first = next(iter(timings.values()))
    print(f"\n{records / 1e6:g} M records, {n_bytes / 1e6:.0f} MB of Parquet\n")
    print("| | wall s | CPU s | ratio of wall | ratio of CPU | peak MB | ratio |")
    print("|---|---|---|---|---|---|---|")
    for name, timing in timings.items():
        peak = max(timing.peak_bytes)
        print(
            f"| {name} | {timing.seconds:.2f} | {timing.cpu_seconds:.2f} "
            f"| {timing.seconds / first.seconds:.2f} "
            f"| {timing.cpu_seconds / first.cpu_seconds:.2f} | {peak / 1e6:.0f} "
            f"| {peak / max(first.peak_bytes):.2f} |"
        )


if __name__ == "__main__":
    main()
