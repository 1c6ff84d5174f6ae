"""CSV and TSV."""

from __future__ import annotations

from hardness.errors import HardnessError
from hardness.io.records import DataFile


def stage(file: DataFile, compression: str, folder: str, name: str, on_error: str) -> DataFile:
    """Not written yet."""
    raise HardnessError(f"data must not be CSV yet, got {file.path}; convert it to JSONL")
