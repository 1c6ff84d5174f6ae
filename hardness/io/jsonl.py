"""Reading files of one JSON object a line.

The fast path hands a whole partition to Arrow's JSON reader with the types it must find, and
trusts the result only if every line runs from `{` to `}` and as many records came out as lines
went in: a line that ends in `}` cannot be continued by one that begins with `{`, so then each line
is one object. Anything else is cut in halves until each offending line stands alone, so which lines
are rejected depends on the lines only, never on how they are partitioned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io import storage
from hardness.io.jsonl_parse import parse
from hardness.io.jsonl_reason import is_misfit, reason_of
from hardness.io.records import (
    BOOLEAN,
    INTEGER,
    MESSAGES,
    NULL,
    NUMBER,
    OTHER,
    STRING,
    TEXT_KINDS,
    UNSIGNED,
    DataFile,
    Loaded,
    Partition,
    Reject,
    arrow_type,
)
from hardness.io.scan import BOM, Span, line_bounds, scan_lines, trim

_HEAD_BYTES = 1 << 18


def spans(file: DataFile, target: int) -> tuple[list[tuple[Span, int]], str]:
    """The file's spans with their record counts, and the digest of what is read."""
    found, digest = scan_lines(file.location, file.path, target)
    return [(span, _records(file, span)) for span in found], digest


def _records(file: DataFile, span: Span) -> int:
    if span.regular:
        return span.lines
    data = storage.read_range(file.location, span.start, span.stop)
    starts, ends = trim(data, *line_bounds(data))
    return int(np.count_nonzero(starts < ends))


def kinds(file: DataFile) -> dict[str, str]:
    """Column name to the kind of most of its values, from the first records of the file.

    Raises:
        HardnessError: none of the first lines is a JSON object.
    """
    lines = _head(file.location)
    found = count_kinds(_objects(lines))
    if not found and lines and next(_objects(lines), None) is None:
        raise HardnessError(
            f"{file.path} must hold one JSON object a line, got {reason_of(lines[0], {})} in "
            f"{lines[0][:60].decode('utf-8', 'backslashreplace')!r}{_array_hint(lines[0])}"
        )
    return found


def texts(file: DataFile, names: Collection[str]) -> dict[str, str]:
    """The kinds of columns that are to be text: strings or chats if any of their values is.

    Of the first records and of columns that mix them with other values; those will be rejected.
    """
    counts = _count(_objects(_head(file.location)))
    found = {name: seen for name, seen in counts.items() if any(seen[kind] for kind in TEXT_KINDS)}
    return {
        name: max(TEXT_KINDS, key=lambda kind: seen[kind])
        for name, seen in found.items()
        if name in names
    }


def _head(path: str) -> list[bytes]:
    """The first non-blank whole lines: a quarter of a megabyte of them, but at least one."""
    size = storage.signature(path).bytes
    head, position, step = b"", 0, _HEAD_BYTES
    while position < size:
        data = storage.read_range(path, position, min(position + step, size))
        position += len(data)
        # Leading blank lines are dropped and not kept, however many there are.
        head = (head + data).removeprefix(BOM).lstrip(b" \t\r\n")
        if b"\n" in head:
            break
        step *= 2
    lines = head.split(b"\n")
    lines = lines if position == size else lines[:-1]
    return [line for line in lines if line.strip(b" \t\r")]


def _array_hint(line: bytes) -> str:
    if line.lstrip().startswith(b"["):
        return "; turn the array into lines, for example with jq -c '.[]'"
    return "; mend it or give the file the ending of its format"


def _objects(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(value, dict):
            yield value


def count_kinds(objects: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Key to the kind of most of its values (the first seen, if equal), keys in order of sight."""
    counts = _count(objects)
    for seen in counts.values():
        if seen[UNSIGNED]:  # the smaller ones among them fit a signed integer too
            seen[UNSIGNED] += seen.pop(INTEGER, 0)
    return {
        key: max(seen, key=lambda kind: seen[kind]) if seen else NULL
        for key, seen in counts.items()
    }


def _count(objects: Iterable[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for value in objects:
        for key, item in value.items():
            kind = _kind(item)
            counts.setdefault(key, Counter()).update([kind] if kind != NULL else [])
    return counts


def _kind(value: Any) -> str:
    if isinstance(value, list):
        chat = value and all(
            isinstance(item, dict) and isinstance(item.get("content"), str | None) for item in value
        )
        return MESSAGES if chat and any("content" in item for item in value) else OTHER
    if type(value) is int and value >= 2**63:
        return UNSIGNED
    types = {str: STRING, bool: BOOLEAN, int: INTEGER, float: NUMBER, type(None): NULL}
    return types.get(type(value), OTHER)


def find(file: DataFile, partitions: Sequence[Partition], name: str) -> str | None:
    """The kind of a column that the first records lack; None if no record has it."""
    found = None
    for part in partitions:
        data = storage.read_range(file.location, part.start, part.stop)
        values = ({name: value[name]} for value in _objects(data.split(b"\n")) if name in value)
        found = count_kinds(values).get(name, found)
        if found not in (None, NULL):
            break
    return found


def read(
    file: DataFile,
    part: Partition,
    keys: Mapping[str, str],
    columns: Sequence[str] | None,
    limit: int | None,
) -> Loaded:
    """The records of a partition.

    Args:
        file: the file.
        part: which of its lines.
        keys: text, label, id and group columns with their kinds; a record where one of these is
            neither null nor of its kind is rejected, whatever `columns` says.
        columns: which to return; None for every column of the data.
        limit: stop after this many rejects.
    """
    data = storage.read_range(file.location, part.start, part.stop)
    schema = pa.schema([(name, arrow_type(kind)) for name, kind in keys.items()])
    rejects: list[Reject] = []
    index = np.arange(part.rows)
    table = parse(data, part.rows, schema) if part.regular else None
    if table is None:
        lines = _Lines(data)
        table, good, bad = _sift(lines, schema, keys, limit)
        rejects = [_reject(file, part, lines, int(position), keys) for position in bad]
        index = good
        if rejects or not part.regular:
            data = lines.take(good)
    if columns is None or not set(columns) <= set(keys):
        from hardness.io.jsonl_all import read_all  # which loads polars

        table = read_all(data, table, f"{file.path} from line {part.line}")
    if columns is not None:
        missing = [name for name in columns if name not in table.column_names]
        for name in missing:
            table = table.append_column(name, pa.nulls(table.num_rows))
        table = table.select(list(columns))
    return Loaded(table, index, rejects)


class _Lines:
    """The non-blank lines of a partition."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        starts, ends = trim(data, *line_bounds(data))
        self.numbers = np.flatnonzero(starts < ends)
        self.starts, self.ends = starts[self.numbers], ends[self.numbers]

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, position: int) -> bytes:
        return self.data[self.starts[position] : self.ends[position]]

    def take(self, positions: np.ndarray) -> bytes:
        """Those lines, each ended by a newline."""
        return b"".join([self[position] + b"\n" for position in positions])

    def shaped(self) -> np.ndarray:
        """bool[lines] whether a line runs from `{` to `}`."""
        array = np.frombuffer(self.data, np.uint8)
        if not len(self):
            return np.zeros(0, dtype=bool)
        return (array[self.starts] == ord("{")) & (array[self.ends - 1] == ord("}"))


def _sift(
    lines: _Lines, schema: pa.Schema, keys: Mapping[str, str], limit: int | None
) -> tuple[pa.Table, np.ndarray, list[int]]:
    """The good lines' table and positions, and the bad lines' positions, both in order."""
    shaped = lines.shaped()
    candidates = np.flatnonzero(shaped)
    table = parse(lines.take(candidates), len(candidates), schema)
    if table is not None:
        return table, candidates, np.flatnonzero(~shaped).tolist()[:limit]
    # A column that is of another type throughout must not cost a bisection a line.
    fitting = np.array([not is_misfit(lines[int(position)], keys) for position in candidates])
    candidates = candidates[fitting]
    bad: list[int] = np.setdiff1d(np.arange(len(lines)), candidates).tolist()
    tables, good = [schema.empty_table()], []
    todo = [candidates] if candidates.size else []
    while todo:
        positions = todo.pop()
        table = parse(lines.take(positions), len(positions), schema)
        if table is not None:
            tables.append(table)
            good.append(positions)
        elif len(positions) == 1:
            bad.append(int(positions[0]))
            if limit is not None and len(bad) >= limit:
                break
        else:
            todo += [positions[len(positions) // 2 :], positions[: len(positions) // 2]]
    kept = np.concatenate(good) if good else np.zeros(0, dtype=np.int64)
    return pa.concat_tables(tables), kept, sorted(bad)[:limit]


def _reject(
    file: DataFile, part: Partition, lines: _Lines, position: int, keys: Mapping[str, str]
) -> Reject:
    line = lines[position]
    return Reject(
        file=file.path,
        line=part.line + int(lines.numbers[position]),
        row=part.start_row + position,
        reason=reason_of(line, keys),
        record=line.decode("utf-8", "backslashreplace"),
    )
