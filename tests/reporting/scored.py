"""A hardness table of a few records that were scored by nobody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.io.dataset import Dataset, open_dataset
from hardness.io.table import HardnessTable, create_table

LABELS = ("yes", "no", "perhaps")
MAP = {
    "confidence": "lower",
    "variability": "higher",
    "correctness": "lower",
    "never_learnt": "higher",
    "aum": "lower",
    "n_epochs": None,
    "suggested": None,
}


def write_data(path: Path, texts: Sequence[str | None], label: Sequence[Any] | None) -> Path:
    """JSONL of these texts and labels."""
    columns = {} if label is None else {"label": label}
    lines = [
        json.dumps({"text": text, **{name: values[i] for name, values in columns.items()}})
        for i, text in enumerate(texts)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_table(
    folder: Path,
    texts: Sequence[str | None],
    *,
    cartography: bool = True,
    partition_bytes: int | None = None,
    label: Sequence[Any] | None = LABELS,
) -> HardnessTable:
    """A table of `data.jsonl`, which is written too, with perplexity and perhaps cartography.

    Args:
        folder: for both.
        texts: one a record.
        cartography: whether it has a map.
        partition_bytes: of the data.
        label: labels that the records have in turn; None for data without.
    """
    labels = None if label is None else [label[i % len(label)] for i in range(len(texts))]
    path = write_data(folder / "data.jsonl", texts, labels)
    with open_dataset(path, partition_bytes=partition_bytes) as dataset:
        table = create_table(folder / "data.hardness", dataset)
        write_metric(
            table, dataset, "perplexity", perplexities(len(texts)), {"perplexity": "higher"}
        )
        if cartography:
            write_metric(table, dataset, "cartography", map_columns(len(texts)), MAP)
    return table


def write_metric(
    table: HardnessTable,
    dataset: Dataset,
    name: str,
    columns: dict[str, list[Any]],
    directions: dict[str, Any],
) -> None:
    """Write a metric whose columns have a value for each row."""
    writer = table.metric_writer(
        name,
        parameters={},
        direction={column: end for column, end in directions.items() if end},
        columns={column: pa.array(values).type for column, values in columns.items()},
        dataset=dataset,
    )
    writer.begin()
    for part in dataset.partitions:
        rows = np.arange(part.start_row, part.start_row + part.rows, dtype=np.uint64)
        here = slice(part.start_row, part.start_row + part.rows)
        writer.write(part.index, rows, {column: values[here] for column, values in columns.items()})
    writer.finish(seconds=0.0)


def perplexities(count: int) -> dict[str, list[Any]]:
    """Perplexities with a long tail; null in every row that 17 divides but the first."""
    values = np.random.default_rng(1).lognormal(4, 1, count).tolist()
    return {
        "perplexity": [None if i and i % 17 == 0 else value for i, value in enumerate(values)],
        "n_tokens": [4 + i % 5 for i in range(count)],
    }


def map_columns(count: int) -> dict[str, list[Any]]:
    """Cartography over five epochs; null in every row that 19 divides but the first."""
    rng = np.random.default_rng(2)
    skill = rng.normal(1.2, 1.5, count)[:, None]
    p = 1 / (1 + np.exp(-skill * np.linspace(0.3, 1.5, 5) - rng.normal(0, 0.6, (count, 5))))
    columns = {
        "confidence": p.mean(1).tolist(),
        "variability": p.std(1).tolist(),
        "correctness": (p > 0.5).mean(1).tolist(),
        "never_learnt": (~(p > 0.5).any(1)).tolist(),
        "aum": skill[:, 0].tolist(),
        "n_epochs": [5] * count,
        "suggested": [LABELS[(i + (p[i].mean() < 0.5)) % 3] for i in range(count)],
    }
    return {
        name: [None if i and i % 19 == 0 else value for i, value in enumerate(values)]
        for name, values in columns.items()
    }


def plain_texts(count: int) -> list[str | None]:
    """A text for each row, which names it."""
    return [f"the text of record {i}" for i in range(count)]
