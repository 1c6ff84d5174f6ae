"""One schema for tables that were read apart."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.arrow import pc

_MAX_BYTES = 2**31 - 1


def unify(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """The schema that all of some schemas can be cast to.

    A column missing somewhere is null there; integers widen, integers and floats become float64,
    other mixes of scalars become strings, lists and structs unify part by part.

    Raises:
        HardnessError: a column is a struct here and a list or a scalar there.
    """
    types: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            known = types.get(field.name, field.type)
            types[field.name] = common_type(known, field.type, field.name)
    return pa.schema(list(types.items()))


def common_type(a: pa.DataType, b: pa.DataType, name: str) -> pa.DataType:
    """The type that values of both types can be cast to; `name` is what messages call the column.

    Raises:
        HardnessError: there is none.
    """
    if a == b or pa.types.is_null(b):
        return a
    if pa.types.is_null(a):
        return b
    if pa.types.is_struct(a) and pa.types.is_struct(b):
        fields = {field.name: field.type for field in a}
        for field in b:
            known = fields.get(field.name, field.type)
            fields[field.name] = common_type(known, field.type, f"{name}.{field.name}")
        return pa.struct(list(fields.items()))
    if _is_list(a) and _is_list(b):
        return pa.list_(common_type(a.value_type, b.value_type, f"{name}[]"))
    if pa.types.is_nested(a) or pa.types.is_nested(b):
        raise HardnessError(
            f"column {name!r} must hold one kind of value, got {a} and {b}; make the records alike"
        )
    return _common_scalar(a, b)


def _common_scalar(a: pa.DataType, b: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(a) and pa.types.is_integer(b):
        signs = {pa.types.is_signed_integer(a), pa.types.is_signed_integer(b)}
        widest = a if a.bit_width >= b.bit_width else b
        if len(signs) == 1:
            return widest
        unsigned = a if pa.types.is_unsigned_integer(a) else b
        return pa.int64() if unsigned.bit_width < 64 else pa.string()
    if _is_number(a) and _is_number(b):
        return pa.float64()
    try:
        merged = pa.unify_schemas(
            [pa.schema([("", a)]), pa.schema([("", b)])], promote_options="permissive"
        )
        return plain_type(merged.field(0).type)
    except pa.ArrowException:
        return pa.string()


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with exactly this schema, which came from `unify`; absent columns are null."""
    columns = []
    for field in schema:
        if field.name in table.column_names:
            columns.append(_cast_column(table.column(field.name), field.type))
        else:
            columns.append(pa.chunked_array([pa.nulls(table.num_rows, field.type)]))
    return pa.Table.from_arrays(columns, schema=schema)


def _cast_column(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.type == kind:
        return column
    return pa.chunked_array([_cast_array(chunk, kind) for chunk in column.chunks], type=kind)


def _cast_array(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type == kind:
        return array
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), kind)
    if pa.types.is_struct(kind):
        parts = [
            _cast_array(pc.struct_field(array, field.name), field.type)
            if array.type.get_field_index(field.name) >= 0
            else pa.nulls(len(array), field.type)
            for field in kind
        ]
        return pa.StructArray.from_arrays(parts, fields=list(kind), mask=array.is_null())
    if pa.types.is_list(kind):
        values = _cast_array(array.flatten(), kind.value_type)
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        offsets = pa.concat_arrays(
            [pa.array([0], pa.int64()), pc.cumulative_sum(lengths.cast(pa.int64()))]
        )
        return pa.ListArray.from_arrays(
            offsets.cast(pa.int32()), values, type=kind, mask=array.is_null()
        )
    if pa.types.is_boolean(array.type) and pa.types.is_floating(kind):
        return array.cast(pa.int8()).cast(kind)
    return array.cast(kind, safe=not pa.types.is_floating(kind))


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type with small offsets instead of large ones or views, and values for dictionaries."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if _is_list(kind):
        return pa.list_(plain_type(kind.value_type))
    if pa.types.is_struct(kind):
        if kind.num_fields == 0:  # Parquet has no empty structs
            return pa.null()
        return pa.struct([(field.name, plain_type(field.type)) for field in kind])
    return kind


def plain_table(table: pa.Table) -> pa.Table:
    """The table with plain types; a column of more than 2 GiB keeps large offsets."""
    columns = []
    for column in table.columns:
        kind = plain_type(column.type)
        if kind == column.type or (column.nbytes > _MAX_BYTES and not _fits(column)):
            columns.append(column)
        elif pa.types.is_null(kind):
            columns.append(pa.chunked_array([pa.nulls(len(column))]))
        else:
            columns.append(column.cast(kind))
    return pa.Table.from_arrays(columns, names=table.column_names)


def _fits(column: pa.ChunkedArray) -> bool:
    return all(chunk.nbytes <= _MAX_BYTES for chunk in column.chunks)
