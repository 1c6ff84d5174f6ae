"""Small steps that the tests of reading share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hardness.io.dataset import Dataset, open_dataset
from hardness.io.records import Reject


def write(folder: Path, name: str, data: bytes | str) -> str:
    """A file's path once it holds `data`."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def texts_of(dataset: Dataset) -> tuple[list[str | None], list[int], list[Reject]]:
    """Texts, rows and rejects of all partitions."""
    texts: list[str | None] = []
    rows: list[int] = []
    rejects: list[Reject] = []
    for partition in dataset.partitions:
        array, part_rows, part_rejects = dataset.read_text(partition)
        assert array.offset == 0
        texts += array.to_pylist()
        rows += part_rows.tolist()
        rejects += part_rejects
    return texts, rows, rejects


def records_of(dataset: Dataset, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """Records of all partitions, as dicts."""
    return [
        record
        for partition in dataset.partitions
        for record in dataset.read(partition, columns).table.to_pylist()
    ]


def read_all(path: str | list[str], **options: Any) -> list[dict[str, Any]]:
    """Every column of every record of some files."""
    with open_dataset(path, **options) as dataset:
        return records_of(dataset)
