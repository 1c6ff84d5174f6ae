"""Every column of a partition of JSON lines, with types that fit all of its records."""

from __future__ import annotations

import json
from typing import Any

import orjson
import polars as pl
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.jsonl_parse import parse
from hardness.io.schema import plain_table

_FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_HEAD_BYTES = 1 << 16


def read_all(data: bytes, keys: pa.Table, where: str) -> pa.Table:
    """All columns of some lines.

    A column that mixes numbers, strings and booleans becomes strings; NaN and infinities, which
    JSON does not have, become null in such lines.

    Args:
        data: good lines.
        keys: their text, label, id and group columns, already read; their types stand.
        where: what messages call the lines.

    Raises:
        HardnessError: a column is an object in one record and a list in another.
    """
    if keys.num_rows == 0:
        return keys
    table = _read_alike(data, keys)
    return table if table is not None else _read_mixed(data, keys, where)


def _read_alike(data: bytes, keys: pa.Table) -> pa.Table | None:
    """The table if all records are like the first ones, as they mostly are; else None."""
    head = data[:_HEAD_BYTES].rpartition(b"\n")[0]
    try:
        first = plain_table(_arrow(_read(head), keys.num_rows)).schema if head else keys.schema
    except _FAILURES:
        return None
    known = {field.name: field.type for field in keys.schema if not pa.types.is_list(field.type)}
    types = {field.name: field.type for field in first} | known
    return parse(data, keys.num_rows, pa.schema(list(types.items())), other_columns="error")


def _read_mixed(data: bytes, keys: pa.Table, where: str) -> pa.Table:
    """The table with types inferred from every record."""
    try:
        frame = _read(data)
    except _FAILURES:
        try:
            frame = _read(_reencode(data))
        except _FAILURES as error:
            raise HardnessError(
                f"{where} must hold one kind of value in each column, got "
                f"{str(error).splitlines()[0]}; make the records alike"
            ) from error
    table = plain_table(_arrow(frame, keys.num_rows))
    for name in table.column_names:
        position = table.column_names.index(name)
        known = keys.column(name) if name in keys.column_names else None
        if known is not None and not pa.types.is_list(known.type):
            table = table.set_column(position, name, known)
    for name in keys.column_names:
        if name not in table.column_names:
            table = table.append_column(name, keys.column(name))
    return table


def _read(data: bytes) -> pl.DataFrame:
    frame = pl.read_ndjson(data, infer_schema_length=None)
    # Arrow has no 128-bit integers.
    wide = [name for name, kind in frame.schema.items() if kind in (pl.Int128, pl.UInt128)]
    return frame.with_columns(pl.col(wide).cast(pl.String)) if wide else frame


def _arrow(frame: pl.DataFrame, rows: int) -> pa.Table:
    if frame.width == 0:  # every record is {}
        return pa.table({"": pa.nulls(rows)}).select([])
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _reencode(data: bytes) -> bytes:
    """The same lines in JSON that any reader takes: no NaN, no repeated keys, no mixed scalars."""
    records = [json.loads(line) for line in data.split(b"\n") if line]
    seen: dict[str, set[type]] = {}
    for record in records:
        for key, value in record.items():
            if value is not None:
                seen.setdefault(key, set()).add(type(value))
    mixed = {key for key, types in seen.items() if bool in types and len(types) > 1}
    for record in records:
        for key in mixed & record.keys():
            record[key] = _as_string(record[key])
    return b"\n".join(map(_dump, records))


def _as_string(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _dump(record: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(record)
    except TypeError:  # integers of more than 64 bits
        return json.dumps(record).encode()
