"""CSV and TSV: staged once as an Arrow file of strings, with each column's kind found on the way.

A record may span lines, so a CSV file cannot be cut at newlines. Kinds are decided over the whole
file, never over a first block: integers without leading zeros, numbers, true/false, else strings.
An empty field is null. Arrow's reader does the work; where it gives up, Python's csv module finds
the records at fault, which keep their row numbers as rows of nulls.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc_csv

from hardness.errors import HardnessError
from hardness.io import files
from hardness.io.arrow import pc
from hardness.io.records import BOOLEAN, INTEGER, NULL, NUMBER, STRING, DataFile, Reject

_BLOCK_BYTES = 4 << 20
_BATCH_ROWS = 10_000
_FIELD_BYTES = (1 << 31) - 1
_OTHER_SEPARATORS = {",": ";\t|", "\t": ";,|"}
_INTEGERS = r"^(0|-?[1-9][0-9]*)$"
_PADDED = r"^[+-]?0[0-9]"  # 007 is a name, not a number


def stage(file: DataFile, compression: str, folder: str, name: str, on_error: str) -> DataFile:
    """Write the file's records to an Arrow file in `folder`.

    Args:
        file: a CSV or TSV file.
        compression: "", ".gz" or ".zst".
        folder: where to stage.
        name: of the staged file.
        on_error: "raise" or "skip".

    Returns:
        The file with its staged location, the kinds of its columns as casts, and its rejects.

    Raises:
        HardnessError: no header, a column named twice, a bad record and on_error is "raise", or no
            room in `folder`.
    """
    target = os.path.join(folder, name)
    delimiter = "\t" if file.format.startswith("tsv") else ","
    header = _header(file, compression, delimiter)
    schema = pa.schema([(column, pa.string()) for column in header])
    rejects: list[Reject] = []
    try:
        with _Source(file, compression) as source:
            casts = _write(target, schema, _fast(source, schema, delimiter))
            if source.quotes % 2:
                raise pa.ArrowInvalid("a quote is left open")
    except pa.ArrowInvalid:
        try:
            exact = _exact(file, compression, delimiter, schema, rejects, on_error)
            casts = _write(target, schema, exact)
        except OSError as error:
            raise files.staging_error(folder, error) from error
    except OSError as error:
        raise files.staging_error(folder, error) from error
    return replace(file, location=target, reader="arrow", casts=casts, rejects=tuple(rejects))


class _Source(io.RawIOBase):
    """The plain bytes of a file, as a stream that counts its quotes."""

    def __init__(self, file: DataFile, compression: str) -> None:
        self.chunks = files.plain_chunks(file.location, compression)
        self.left = memoryview(b"")
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.left:
            chunk = next(self.chunks, b"")
            self.quotes += chunk.count(b'"')
            self.left = memoryview(chunk)
        size = min(len(buffer), len(self.left))
        buffer[:size] = self.left[:size]
        self.left = self.left[size:]
        return size


def _lines(file: DataFile, compression: str) -> io.TextIOWrapper:
    source = io.BufferedReader(_Source(file, compression), _BLOCK_BYTES)
    return io.TextIOWrapper(source, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _header(file: DataFile, compression: str, delimiter: str) -> list[str]:
    with _lines(file, compression) as lines:
        header = next((row for row in csv.reader(lines, delimiter=delimiter) if row), [])
    if not header:
        raise HardnessError(f"{file.path} must begin with a header line, got nothing; add one")
    if any(_is_escaped(column) for column in header):
        raise HardnessError(f"{file.path} line 1 must be UTF-8, got other bytes; convert the file")
    repeated = [column for column in header if header.count(column) > 1]
    if repeated:
        raise HardnessError(
            f"{file.path} line 1 must name each column once, got {repeated[0]!r} twice; rename one"
        )
    return header


def _fast(source: _Source, schema: pa.Schema, delimiter: str) -> Iterator[pa.RecordBatch]:
    yield from pc_csv.open_csv(
        io.BufferedReader(source, _BLOCK_BYTES),
        read_options=pc_csv.ReadOptions(block_size=_BLOCK_BYTES),
        parse_options=pc_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pc_csv.ConvertOptions(
            column_types=schema, null_values=[""], strings_can_be_null=True
        ),
    )


def _write(target: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> dict[str, str]:
    """Write the batches; the kind of each column that does not hold plain strings."""
    kinds = dict.fromkeys(schema.names, NULL)
    with pa.OSFile(target, "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            for name, kind in kinds.items():
                kinds[name] = _merge(kind, batch.column(name))
    return {name: kind for name, kind in kinds.items() if kind not in (STRING, NULL)}


def _merge(known: str, column: pa.Array) -> str:
    if known == STRING or column.null_count == len(column):
        return known
    kind = _kind(column)
    if known in (NULL, kind):
        return kind
    return NUMBER if {known, kind} == {INTEGER, NUMBER} else STRING


def _kind(column: pa.Array) -> str:
    values = column.drop_null()
    if _all(pc.match_substring_regex(values, _INTEGERS)):
        return INTEGER if _casts(values, pa.int64()) else STRING
    if _all(pc.is_in(values, pa.array(["true", "false", "True", "False", "TRUE", "FALSE"]))):
        return BOOLEAN
    if _casts(values, pa.float64()) and not _any(pc.match_substring_regex(values, _PADDED)):
        return NUMBER
    return STRING


def _all(values: pa.Array) -> bool:
    return bool(pc.all(values).as_py())


def _any(values: pa.Array) -> bool:
    return bool(pc.any(values).as_py())


def _casts(values: pa.Array, kind: pa.DataType) -> bool:
    try:
        values.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _exact(
    file: DataFile,
    compression: str,
    delimiter: str,
    schema: pa.Schema,
    rejects: list[Reject],
    on_error: str,
) -> Iterator[pa.RecordBatch]:
    """The records as Python's csv module reads them; bad ones go to `rejects` and become nulls."""
    rows: list[Sequence[str | None]] = []
    limit = csv.field_size_limit(_FIELD_BYTES)
    try:
        with _lines(file, compression) as lines:
            for row, (line, raw, fields) in enumerate(_raw_records(lines, delimiter)):
                reason = _reason(raw, fields, schema.names, delimiter)
                if reason:
                    record = raw.encode("utf-8", "surrogateescape").decode(
                        "utf-8", "backslashreplace"
                    )
                    rejects.append(
                        Reject(file=file.path, line=line, row=row, reason=reason, record=record)
                    )
                    if on_error == "raise":
                        raise rejects[0].error()
                rows.append([None] * len(schema) if reason else [field or None for field in fields])
                if len(rows) == _BATCH_ROWS:
                    yield _batch(rows, schema)
                    rows = []
        yield _batch(rows, schema)
    finally:
        csv.field_size_limit(limit)


def _raw_records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, str, list[str]]]:
    """First line number, raw text and fields of each record after the header."""
    taken: list[str] = []

    def note() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    reader = csv.reader(note(), delimiter=delimiter)
    header_seen = False
    for fields in reader:
        raw = "".join(taken)
        line = reader.line_num - len(taken) + 1
        taken.clear()
        if not fields:  # a blank line is no record
            continue
        if header_seen:
            yield line, raw.rstrip("\r\n"), fields
        header_seen = True


def _reason(raw: str, fields: list[str], header: list[str], delimiter: str) -> str | None:
    if any(_is_escaped(field) for field in fields):
        data = raw.encode("utf-8", "surrogateescape")
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            return f"invalid UTF-8 at byte {error.start + 1}"
    if len(fields) != len(header):
        return f"{len(fields)} fields where the header has {len(header)}{_hint(header, delimiter)}"
    if raw.count('"') % 2:
        try:
            list(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter, strict=True))
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return "a quote that is never closed"
    return None


def _hint(header: list[str], delimiter: str) -> str:
    """Which separator the file seems to have instead, if its header is one field that has it."""
    found = [other for other in _OTHER_SEPARATORS[delimiter] if other in header[0]]
    if len(header) > 1 or not found:
        return ""
    return f" (separated by {found[0]!r}, it seems, where {delimiter!r} is to separate fields)"


def _is_escaped(text: str) -> bool:
    return not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text)


def _batch(rows: list[Sequence[str | None]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else [[] for _ in schema]
    return pa.RecordBatch.from_arrays(
        [pa.array(list(column), pa.string()) for column in columns], schema=schema
    )
