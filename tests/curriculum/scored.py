"""Small scored datasets for the tests of `build`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.io.dataset import open_dataset
from hardness.io.digest import file_digest
from hardness.io.table import HardnessTable, create_table


def write_jsonl(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    """Write one record a line."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def records(n: int, *, seed: int = 0) -> list[dict[str, Any]]:
    """Records of very different lengths, with a nested column and nulls."""
    rng = np.random.default_rng(seed)
    return [
        {
            "id": f"r{index}",
            "text": " ".join(["word"] * int(rng.integers(1, 12))) + f" {index}",
            "label": ["easy", "hard"][int(rng.integers(2))],
            "extra": None if index % 5 == 0 else {"a": index, "b": [index, index + 1]},
        }
        for index in range(n)
    ]


def score(
    data: Path | Sequence[Path],
    folder: Path,
    scores: Sequence[float | None],
    *,
    metric: str = "perplexity",
    direction: str = "higher",
    more: Mapping[str, tuple[Sequence[Any], str | None]] | None = None,
    on_error: str = "raise",
    partition_bytes: int | None = None,
) -> HardnessTable:
    """A table with one more metric.

    Args:
        data: the files.
        folder: the table's.
        scores: one per row of the dataset; those of rejected records are not written.
        metric: its name, and that of its primary column.
        direction: which way is harder.
        more: further columns: values, one per row, and a direction or None.
        on_error: as for `open_dataset`.
        partition_bytes: as for `open_dataset`.
    """
    values = {metric: (list(scores), direction), **(more or {})}
    arrays = {name: pa.array(column) for name, (column, _) in values.items()}
    with open_dataset(data, on_error=on_error, partition_bytes=partition_bytes) as dataset:
        table = create_table(folder, dataset)
        writer = table.metric_writer(
            metric,
            parameters={"order": 3},
            direction={name: way for name, (_, way) in values.items() if way is not None},
            columns={name: array.type for name, array in arrays.items()},
            dataset=dataset,
        )
        writer.begin()
        for partition in dataset.partitions:
            rows = dataset.read(partition, []).rows
            columns = {name: array.take(pa.array(rows)) for name, array in arrays.items()}
            writer.write(partition.index, rows, columns)
        writer.finish(seconds=0.0)
    return table


def digests(folder: Path) -> dict[str, str]:
    """Name to digest of every file in a folder, hidden ones included."""
    return {
        str(path.relative_to(folder)): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
