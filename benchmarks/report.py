"""The report of a large table: how long it takes to write, how large it is, how soon it is drawn.

    python benchmarks/report.py --records 1M

Makes JSONL of random words and a table with perplexity-like scores and cartography of it, writes
the report in a process of its own, and opens the page in Chromium, if there is one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from processes import Timing, run_once

from hardness.io.dataset import Dataset, open_dataset
from hardness.io.table import HardnessTable, create_table

SIZES = {"k": 1_000, "M": 1_000_000}
EPOCHS = 6


def write_data(path: Path, records: int) -> None:
    """JSONL of 6 to 25 random words a record, with one of three labels."""
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(5_000)]
    with path.open("w", encoding="utf-8") as file:
        for length in rng.integers(6, 26, records):
            text = " ".join(words[i] for i in rng.zipf(1.4, length) % len(words))
            label = "abc"[int(rng.integers(3))]
            file.write(json.dumps({"text": text, "label": label}) + "\n")


def write_metric(
    table: HardnessTable, dataset: Dataset, name: str, directions: dict[str, str | None]
) -> None:
    """Random scores with tails and gaps; those of cartography as a model's epochs would give."""
    columns = {
        column: pa.string() if column == "suggested" else pa.float32() for column in directions
    }
    scored = {column: end for column, end in directions.items() if end}
    writer = table.metric_writer(
        name, parameters={}, direction=scored, columns=columns, dataset=dataset
    )
    writer.begin()
    for part in dataset.partitions:
        rng = np.random.default_rng([1, part.start_row])
        values = cartography(rng, part.rows) if "suggested" in directions else {
            column: rng.lognormal(4, 1, part.rows) for column in directions
        }  # fmt: skip
        rows = np.arange(part.start_row, part.start_row + part.rows, dtype=np.uint64)
        writer.write(part.index, rows, {column: values[column] for column in directions})
    writer.finish(seconds=0.0)


def cartography(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """Columns of cartography over six epochs of a model that learns some records and not others."""
    skill = rng.normal(1.2, 1.5, count)[:, None]
    noise = rng.normal(0, 0.6, (count, EPOCHS))
    logits = skill * np.linspace(0.3, 1.5, EPOCHS) + noise
    p = 1 / (1 + np.exp(-logits))
    return {
        "confidence": p.mean(1),
        "variability": p.std(1),
        "correctness": (p > 0.5).mean(1),
        "aum": logits.mean(1),
        "suggested": np.array(["a", "b"], dtype=object)[(p.mean(1) < 0.5).astype(int)],
    }


def open_page(path: Path) -> tuple[float, float]:
    """Seconds until the page is drawn, and until the table follows a filter."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        start = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_function("document.documentElement.dataset.state === 'drawn'")
        drawn = time.perf_counter() - start
        start = time.perf_counter()
        page.select_option("select[name=region]", "hard")
        page.wait_for_function("!document.querySelector('.status').textContent.startsWith('3,')")
        filtered = time.perf_counter() - start
        browser.close()
    return drawn, filtered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", default="1M", help="such as 100k or 1M")
    options = parser.parse_args()
    records = int(float(options.records[:-1]) * SIZES[options.records[-1]])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "data.jsonl", records)
        with open_dataset(folder / "data.jsonl") as dataset:
            table = create_table(folder / "data.hardness", dataset)
            write_metric(table, dataset, "perplexity", {"perplexity": "higher", "nll": "higher"})
            map_columns = dict.fromkeys(("confidence", "correctness", "aum"), "lower")
            map_columns |= {"variability": "higher", "suggested": None}
            write_metric(table, dataset, "cartography", map_columns)
        page = folder / "report.html"
        print(f"{records:,} records, {(folder / 'data.jsonl').stat().st_size / 1e6:.0f} MB")
        for options in (["--no-text"], []):
            command = [sys.executable, "-m", "hardness", "report", str(folder / "data.hardness")]
            timing = Timing()
            run_once([*command, *options, "-o", str(page)], timing)
            name = " ".join(options) or "all"
            peak, size = timing.peak_bytes[0] / 2**20, page.stat().st_size / 1e6
            print(f"{name:<10} {timing.wall[0]:.1f} s, CPU {timing.cpu[0]:.1f} s, ", end="")
            print(f"peak {peak:.0f} MiB, {size:.2f} MB")
        if shutil.which("chromium"):
            drawn, filtered = open_page(page)
            print(f"drawn {drawn:.2f} s after it is opened")
            print(f"filtered {filtered:.2f} s after a region is chosen")


if __name__ == "__main__":
    main()
