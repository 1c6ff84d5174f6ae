"""The text of a record from its text columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from hardness.io.arrow import pc, string_scalar

_MAX_STRING_BYTES = 2**31 - 1


def join_columns(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    """The named columns joined by one space; nulls are skipped, all null is null.

    Args:
        table: the columns are strings, or lists of objects with a string `content`, whose contents
            are joined by one space in order.
        names: at least one.

    Returns:
        string[rows], or large_string where it holds more than 2 GiB; contiguous, offset 0.
    """
    columns = [_plain(table.column(name)) for name in names]
    if len(columns) == 1:
        return columns[0]
    if sum(column.nbytes for column in columns) > _MAX_STRING_BYTES:
        columns = [column.cast(pa.large_string()) for column in columns]
    separator = string_scalar(" ", columns[0].type)
    if not any(column.null_count for column in columns):
        return pc.binary_join_element_wise(*columns, separator)
    # Pair by pair, because null_handling="skip" loses the rows where all are null (pyarrow 26).
    joined = columns[0]
    for column in columns[1:]:
        both = pc.binary_join_element_wise(joined, column, separator)
        joined = pc.coalesce(both, joined, column)
    return joined


def contiguous(column: pa.ChunkedArray) -> pa.Array:
    """The column as one array with offset 0, string unless it holds more than 2 GiB."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) and column.nbytes > _MAX_STRING_BYTES:
        column = column.cast(pa.large_string())
    elif not pa.types.is_string(kind) and column.nbytes <= _MAX_STRING_BYTES:
        column = column.cast(pa.string())
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # what older releases return for no chunks
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    return array if array.offset == 0 else pa.concat_arrays([array, array[:0]])


def _plain(column: pa.ChunkedArray) -> pa.Array:
    if not pa.types.is_list(column.type) and not pa.types.is_large_list(column.type):
        return contiguous(column)
    lists = column.combine_chunks()
    if isinstance(lists, pa.ChunkedArray):
        lists = pa.concat_arrays(lists.chunks)
    contents = pc.struct_field(lists.flatten(), "content").cast(pa.string())
    return _join_lists(lists, contents)


def _join_lists(lists: pa.Array, contents: pa.Array) -> pa.Array:
    # binary_join gives null for a list with a null in it, so the nulls are taken out first.
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    ends = np.concatenate(([0], np.cumsum(lengths)))
    kept = np.concatenate(([0], np.cumsum(np.asarray(contents.is_valid()))))
    offsets = pa.array(kept[ends].astype(np.int32))
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, contents.drop_null()), " ")
    empty = pa.array(np.diff(kept[ends]) == 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), joined)


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8; Arrow's check is several times faster than `decode`."""
    bounds = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    whole = pa.Array.from_buffers(pa.large_string(), 1, [None, bounds, pa.py_buffer(data)])
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
