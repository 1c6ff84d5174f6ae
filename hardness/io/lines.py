"""Reading text files, one record a line; the column is called `text`.

Every line is a record, an empty one too, so that a record's row is its line number less one. A
carriage return before the newline belongs to the line end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from hardness.io import storage
from hardness.io.records import STRING, DataFile, Loaded, Partition, Reject
from hardness.io.scan import Span, line_bounds, scan_lines
from hardness.io.text import is_utf8

COLUMN = "text"


def spans(file: DataFile, target: int) -> tuple[list[tuple[Span, int]], str]:
    """The file's spans with their record counts, and the digest of what is read."""
    found, digest = scan_lines(file.location, file.path, target)
    return [(span, span.lines) for span in found], digest


def kinds(file: DataFile) -> dict[str, str]:
    """The one column."""
    return {COLUMN: STRING}


def find(file: DataFile, partitions: Sequence[Partition], name: str) -> str | None:
    """No other column is hidden further down."""
    return None


def read(
    file: DataFile,
    part: Partition,
    keys: Mapping[str, str],
    columns: Sequence[str] | None,
    limit: int | None,
) -> Loaded:
    """The lines of a partition; lines that are not UTF-8 are rejected."""
    data = storage.read_range(file.location, part.start, part.stop)
    index, rejects = np.arange(part.rows), []
    if is_utf8(data):
        text = _as_array(data)
    else:
        text, index, rejects = _sift(file, part, data, limit)
    names = [COLUMN] if columns is None else list(columns)
    arrays = [text if name == COLUMN else pa.nulls(len(text)) for name in names]
    if not names:
        return Loaded(pa.table({COLUMN: text}).select([]), index, rejects)
    return Loaded(pa.Table.from_arrays(arrays, names=names), index, rejects)


def _as_array(data: bytes) -> pa.Array:
    """string[lines] without copying line by line: the newlines are squeezed out at once."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        data = data[:-1] + b"\n" if data.endswith(b"\r") else data
    array = np.frombuffer(data, np.uint8)
    _, ends = line_bounds(data)
    values = array[array != ord("\n")]
    offsets = np.zeros(len(ends) + 1, dtype=np.int64)
    offsets[1:] = ends - np.arange(len(ends))
    narrow = offsets[-1] < 2**31
    offsets = offsets.astype(np.int32 if narrow else np.int64)
    kind = pa.string() if narrow else pa.large_string()
    return pa.Array.from_buffers(
        kind, len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(values)]
    )


def _sift(
    file: DataFile, part: Partition, data: bytes, limit: int | None
) -> tuple[pa.Array, np.ndarray, list[Reject]]:
    good, index, rejects = [], [], []
    starts, ends = line_bounds(data)
    for position, (start, end) in enumerate(zip(starts, ends, strict=True)):
        line = data[start:end].removesuffix(b"\r")
        try:
            good.append(line.decode("utf-8"))
            index.append(position)
        except UnicodeDecodeError as error:
            rejects.append(
                Reject(
                    file=file.path,
                    line=part.line + position,
                    row=part.start_row + position,
                    reason=f"invalid UTF-8 at byte {error.start + 1}",
                    record=line.decode("utf-8", "backslashreplace"),
                )
            )
            if limit is not None and len(rejects) >= limit:
                break
    return pa.array(good, pa.string()), np.array(index, dtype=np.int64), rejects
