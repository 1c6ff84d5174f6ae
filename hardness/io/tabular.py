"""Reading Parquet and Arrow files (and CSV, which is staged as Arrow)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.records import (
    BOOLEAN,
    INTEGER,
    MESSAGES,
    NULL,
    NUMBER,
    OTHER,
    STRING,
    UNSIGNED,
    DataFile,
    Loaded,
    Partition,
    Reject,
    arrow_type,
)
from hardness.io.scan import Span
from hardness.io.schema import plain_table, plain_type
from hardness.io.storage import open_parquet
from hardness.io.text import contiguous, is_utf8

_ARROW_FILE_MAGIC = b"ARROW1"
_FAR_LARGER = 4  # a row group that is cut is decoded once for every part of it


def spans(file: DataFile, target: int) -> tuple[list[tuple[Span, int]], str]:
    """The file's ranges of records, each of about `target` bytes; no digest, as bytes stay unread.

    Ranges end where row groups or record batches do, unless one is far larger than the target.
    """
    found: list[tuple[Span, int]] = []
    start, rows, size = 0, 0, 0
    with _opened(file) as source:
        for piece_rows, piece_bytes in source.pieces():
            rows, size = rows + piece_rows, size + piece_bytes
            if size >= target:
                found += _cut(start, rows, max(1, size // (_FAR_LARGER * target)))
                start, rows, size = start + rows, 0, 0
    return found + (_cut(start, rows, 1) if rows else []), ""


def _cut(start: int, rows: int, parts: int) -> list[tuple[Span, int]]:
    bounds = [start + rows * part // parts for part in range(parts + 1)]
    return [
        (Span(start=low, stop=high, line=low + 1, lines=high - low, regular=True), high - low)
        for low, high in pairwise(bounds)
        if high > low
    ]


def kinds(file: DataFile) -> dict[str, str]:
    """Column name to kind, from the schema."""
    with _opened(file) as source:
        found = {field.name: _kind(field.type) for field in source.schema}
    return found | dict(file.casts)


def _kind(kind: pa.DataType) -> str:
    kind = plain_type(kind)
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        position = kind.value_type.get_field_index("content")
        if position >= 0 and pa.types.is_string(kind.value_type.field(position).type):
            return MESSAGES
    checks = (
        (pa.types.is_string, STRING),
        (pa.types.is_uint64, UNSIGNED),
        (pa.types.is_integer, INTEGER),
        (pa.types.is_boolean, BOOLEAN),
        (pa.types.is_floating, NUMBER),
        (pa.types.is_decimal, NUMBER),
        (pa.types.is_null, NULL),
    )
    return next((name for check, name in checks if check(kind)), OTHER)


def find(file: DataFile, partitions: Sequence[Partition], name: str) -> str | None:
    """No other column is hidden further down: the schema has them all."""
    return None


def read(
    file: DataFile,
    part: Partition,
    keys: Mapping[str, str],
    columns: Sequence[str] | None,
    limit: int | None,
) -> Loaded:
    """The records of a partition; those whose key columns hold invalid UTF-8 are rejected."""
    with _opened(file) as source:
        names = [field.name for field in source.schema]
        wanted = names if columns is None else [*columns, *keys]
        present = [name for name in names if name in wanted]
        table = plain_table(source.read(part.start, part.stop, present))
    if table.num_rows != part.rows:
        raise HardnessError(
            f"{file.path} must not change, got {table.num_rows} records for {part.rows}; run again"
        )
    bad = {reject.row: reject for reject in file.rejects if part.start <= reject.row < part.stop}
    bad |= {row: reject for row, reject in _not_utf8(file, part, table, keys) if row not in bad}
    rejects = [_renumber(bad[row], part) for row in sorted(bad)][:limit]
    index = np.arange(part.rows)
    if bad:
        index = np.setdiff1d(index, np.array(list(bad)) - part.start)
        table = table.take(index)
    try:
        return Loaded(_shape(table, file.casts, keys, columns), index, rejects)
    except pa.ArrowInvalid as error:  # unsigned integers beyond the signed range
        raise HardnessError(
            f"{file.path} must hold labels, ids and groups of 64 bits with a sign, got {error}; "
            "write them as strings"
        ) from error


def _renumber(reject: Reject, part: Partition) -> Reject:
    offset = part.start_row - part.start
    return Reject(
        file=reject.file,
        line=reject.line,
        row=reject.row + offset,
        reason=reject.reason,
        record=reject.record,
    )


def _shape(
    table: pa.Table,
    casts: Mapping[str, str],
    keys: Mapping[str, str],
    columns: Sequence[str] | None,
) -> pa.Table:
    names = table.column_names if columns is None else list(columns)
    arrays = []
    for name in names:
        kind = keys.get(name, NULL)
        if name not in table.column_names:
            arrays.append(pa.nulls(table.num_rows, arrow_type(kind)))
            continue
        column = table.column(name)
        if name in casts:
            column = column.cast(pa.float64() if casts[name] == NUMBER else arrow_type(casts[name]))
        elif columns is not None and kind not in (NULL, MESSAGES):
            large = pa.types.is_large_string(column.type)
            # Integers beyond 2**53 are rounded as numbers.
            safe = kind != NUMBER
            column = column if large else column.cast(arrow_type(kind), safe=safe)
        arrays.append(column)
    if not names:
        return table.select([])
    return pa.Table.from_arrays(arrays, names=names)


def _not_utf8(
    file: DataFile, part: Partition, table: pa.Table, keys: Mapping[str, str]
) -> Iterator[tuple[int, Reject]]:
    """Row in the file and reject of every record with a key string that is not UTF-8."""
    for name, kind in keys.items():
        if kind != STRING or name not in table.column_names:
            continue
        column = table.column(name)
        try:
            column.validate(full=True)
            continue
        except pa.ArrowInvalid:
            column = contiguous(column)
            values = column.cast(pa.binary() if column.type == pa.string() else pa.large_binary())
        for position, value in enumerate(values.to_pylist()):
            if value is not None and not is_utf8(value):
                row = part.start + position
                yield (
                    row,
                    Reject(
                        file=file.path,
                        line=row + 1,
                        row=row,
                        reason=f"invalid UTF-8 in column {name!r}",
                        record=value.decode("utf-8", "backslashreplace"),
                    ),
                )


class _Parquet:
    def __init__(self, path: str) -> None:
        self.file = open_parquet(path)
        self.schema = self.file.schema_arrow
        groups = [self.file.metadata.row_group(i) for i in range(self.file.num_row_groups)]
        self.sizes = [(group.num_rows, group.total_byte_size) for group in groups]

    def pieces(self) -> list[tuple[int, int]]:
        """Rows and bytes of each row group."""
        return self.sizes

    def read(self, start: int, stop: int, columns: list[str]) -> pa.Table:
        bounds = np.concatenate(([0], np.cumsum([rows for rows, _ in self.sizes])))
        first = int(np.searchsorted(bounds, start, side="right")) - 1
        last = int(np.searchsorted(bounds, stop, side="left"))
        groups = list(range(first, last))
        table = self.file.read_row_groups(groups, columns=columns, use_threads=False)
        return table.slice(start - int(bounds[first]), stop - start)


class _Arrow:
    """An IPC file or an IPC stream (what save_to_disk writes), mapped, not loaded."""

    def __init__(self, path: str) -> None:
        source = pa.memory_map(path)
        self.is_file = source.read(len(_ARROW_FILE_MAGIC)) == _ARROW_FILE_MAGIC
        source.seek(0)
        self.reader = pa.ipc.open_file(source) if self.is_file else pa.ipc.open_stream(source)
        self.schema = self.reader.schema

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if self.is_file:
            return (self.reader.get_batch(i) for i in range(self.reader.num_record_batches))
        return iter(self.reader)

    def pieces(self) -> Iterator[tuple[int, int]]:
        """Rows and bytes of each record batch."""
        return ((batch.num_rows, batch.nbytes) for batch in self._batches())

    def read(self, start: int, stop: int, columns: list[str]) -> pa.Table:
        taken, position = [], 0
        for batch in self._batches():
            low, high = max(start - position, 0), min(stop - position, batch.num_rows)
            if low < high:
                taken.append(batch.select(columns).slice(low, high - low))
            position += batch.num_rows
            if position >= stop:
                break
        empty = pa.schema([self.schema.field(name) for name in columns])
        return pa.Table.from_batches(taken, schema=empty)


@contextmanager
def _opened(file: DataFile) -> Iterator[_Parquet | _Arrow]:
    try:
        yield (_Parquet if file.reader == "parquet" else _Arrow)(file.location)
    except (pa.ArrowException, OSError) as error:
        raise HardnessError(
            f"{file.path} must be a complete {file.reader} file, got "
            f"{str(error).splitlines()[0]!r}; write or download it again"
        ) from error
