"""What a dataset is made of: files, columns, partitions, records and rejects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError

# What the values of a column are, whatever the file format calls it.
STRING = "string"
INTEGER = "integer"
UNSIGNED = "unsigned integer"  # some need all 64 bits, as hashes do
BOOLEAN = "boolean"
NUMBER = "number"  # anything not integral: floats, decimals
MESSAGES = "messages"  # a list of objects with a string `content`: a chat
OTHER = "other"
NULL = "null"  # no value seen

TEXT_KINDS = (STRING, MESSAGES)
KEY_KINDS = (STRING, INTEGER, UNSIGNED, BOOLEAN)


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type in which a column of this kind is read, where it is told what it must be."""
    types = {
        STRING: pa.string(),
        INTEGER: pa.int64(),
        UNSIGNED: pa.uint64(),
        BOOLEAN: pa.bool_(),
        NUMBER: pa.float64(),
        MESSAGES: pa.list_(pa.struct([("content", pa.string())])),
        NULL: pa.string(),
    }
    return types[kind]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns play which part."""

    text: tuple[str, ...]
    """Columns whose contents, joined by one space, are a record's text; at least one."""
    label: str | None = None
    """The class to predict: strings, integers or booleans."""
    id: str | None = None
    """A name for each record, copied into tables."""
    group: str | None = None
    """Records of one group are held out together."""

    @property
    def named(self) -> tuple[str, ...]:
        """All columns that play a part, each once."""
        keys = (*self.text, self.label, self.id, self.group)
        return tuple(dict.fromkeys(name for name in keys if name is not None))


@dataclass(frozen=True, kw_only=True)
class Partition:
    """A contiguous range of one file's records."""

    index: int
    """Position among the dataset's partitions."""
    file: int
    """Index into the dataset's files."""
    start_row: int
    """Global row of the first record."""
    rows: int
    """Records in the range, rejected ones included, so row numbers are start_row + [0, rows)."""
    start: int
    """First byte (files of lines) or first record (others) in the file that is read."""
    stop: int
    """One past the last byte or record."""
    line: int = 1
    """1-based number of the first line or record in the original file."""
    regular: bool = False
    """Every line runs from `{` to `}` with no blank lines between: no line needs a look."""


@dataclass(frozen=True, kw_only=True)
class Reject:
    """A record that cannot be used, and why."""

    file: str
    """The file as it was named."""
    line: int
    """1-based line (or record, in files without lines)."""
    row: int
    """Global row, which no other record gets."""
    reason: str
    """What is wrong with it, as it follows the word `got`."""
    record: str
    """The raw record; bytes that are not UTF-8 are written as \\xNN."""

    def error(self) -> HardnessError:
        """The error for a record that may not be skipped."""
        return HardnessError(
            f"{self.file} line {self.line} must be a good record, got {self.reason}; "
            "mend the line or pass --on-error skip"
        )


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One input file."""

    path: str
    """As named by the user."""
    original: str
    """Absolute path or URL of the user's file."""
    location: str
    """Absolute path or URL of the file to read: the user's or its staged copy."""
    format: str
    """What the user's file is: jsonl, text, csv, tsv, parquet or arrow, and .gz or .zst."""
    reader: str
    """How `location` is read: jsonl, text, parquet or arrow."""
    bytes: int
    """Size of the user's file."""
    version: int | str
    """Its modification time in nanoseconds, or what its store says about its version."""
    rows: int = 0
    """Records, rejected ones included."""
    digest: str = ""
    """xxh3-128 of the user's file."""
    casts: Mapping[str, str] = field(default_factory=dict)
    """Column name to kind, for columns staged as strings that are something else (CSV)."""
    rejects: tuple[Reject, ...] = ()
    """Records found bad while staging (CSV); `row` counts from the file's first record."""


@dataclass(frozen=True)
class Loaded:
    """What a format's reader makes of a partition."""

    table: pa.Table
    """The good records."""
    index: np.ndarray
    """int64[records] position of each in the partition."""
    rejects: list[Reject]


@dataclass(frozen=True)
class Records:
    """A partition's records."""

    table: pa.Table
    """The good records, in order."""
    rows: np.ndarray
    """uint64[records] global row of each."""
    rejects: list[Reject]
    """The bad ones; empty unless the dataset was opened with on_error="skip"."""
