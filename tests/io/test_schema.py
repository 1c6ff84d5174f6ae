"""One schema for tables read apart."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from hardness.errors import HardnessError
from hardness.io.schema import cast, plain_table, plain_type, unify

I64, F64, STR, BOOL, NULL = pa.int64(), pa.float64(), pa.string(), pa.bool_(), pa.null()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (I64, I64, I64),
        (NULL, I64, I64),
        (I64, F64, F64),
        (pa.int32(), I64, I64),
        (pa.uint8(), pa.int32(), I64),
        (pa.uint64(), I64, STR),
        (pa.float32(), F64, F64),
        (I64, STR, STR),
        (BOOL, STR, STR),
        (BOOL, I64, STR),
        (F64, STR, STR),
        (pa.list_(I64), pa.list_(STR), pa.list_(STR)),
        (pa.list_(NULL), pa.list_(I64), pa.list_(I64)),
        (
            pa.struct([("a", I64)]),
            pa.struct([("b", STR), ("a", F64)]),
            pa.struct([("a", F64), ("b", STR)]),
        ),
    ],
    ids=str,
)
def test_two_types_meet(one: pa.DataType, other: pa.DataType, expected: pa.DataType) -> None:
    schemas = [pa.schema([("x", one)]), pa.schema([("x", other)])]
    assert unify(schemas).field("x").type == expected
    if not pa.types.is_struct(one):  # the order of fields is that of first sight
        assert unify(schemas[::-1]).field("x").type == expected


@pytest.mark.parametrize("other", [pa.list_(I64), STR], ids=["list", "string"])
def test_a_struct_meets_nothing_else(other: pa.DataType) -> None:
    schemas = [pa.schema([("x", pa.struct([("y", t)]))]) for t in (pa.struct([("a", I64)]), other)]
    with pytest.raises(HardnessError, match=r"column 'x\.y' must hold one kind of value, got str"):
        unify(schemas)


def test_columns_keep_the_order_of_first_sight() -> None:
    schemas = [pa.schema([("b", I64), ("a", I64)]), pa.schema([("a", I64), ("c", I64)])]
    assert unify(schemas).names == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None], F64, [1.0, None]),
        ([1, None], STR, ["1", None]),
        ([1.5], STR, ["1.5"]),
        ([True, None], STR, ["true", None]),
        ([None, None], STR, [None, None]),
        ([2**60 + 1], F64, [float(2**60)]),
        ([[1, None], None, []], pa.list_(STR), [["1", None], None, []]),
        (
            [{"a": 1}, None, {"a": None}],
            pa.struct([("a", STR), ("b", I64)]),
            [{"a": "1", "b": None}, None, {"a": None, "b": None}],
        ),
        (
            [[{"role": "u", "content": "hi"}], None],
            pa.list_(pa.struct([("role", STR), ("content", STR), ("name", STR)])),
            [[{"role": "u", "content": "hi", "name": None}], None],
        ),
    ],
    ids=["float", "string", "float-string", "bool", "null", "rounded", "list", "struct", "chat"],
)
def test_cast_keeps_values(values: list[Any], kind: pa.DataType, expected: list[Any]) -> None:
    padded = pa.array([None, *values], pa.array(values).type)[1:]  # an offset, as a slice has
    result = cast(pa.table({"x": padded}), pa.schema([("x", kind)]))
    assert result.schema.field("x").type == kind
    assert result.column("x").to_pylist() == expected


def test_cast_fills_absent_columns_and_orders_the_others() -> None:
    schema = pa.schema([("b", STR), ("a", I64)])
    assert cast(pa.table({"a": [1]}), schema).to_pylist() == [{"b": None, "a": 1}]


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        (pa.large_string(), STR),
        (pa.string_view(), STR),
        (pa.dictionary(pa.int32(), pa.large_string()), STR),
        (pa.large_list(pa.large_string()), pa.list_(STR)),
        (pa.struct([("a", pa.large_string())]), pa.struct([("a", STR)])),
        (pa.struct([]), NULL),
        (pa.large_binary(), pa.binary()),
        (pa.timestamp("us"), pa.timestamp("us")),
    ],
    ids=str,
)
def test_plain_types(kind: pa.DataType, plain: pa.DataType) -> None:
    assert plain_type(kind) == plain


def test_plain_table_keeps_nested_values() -> None:
    chat = [[{"role": "u", "content": "hi"}], None, []]
    kind = pa.large_list(pa.struct([("role", pa.large_string()), ("content", pa.large_string())]))
    table = plain_table(pa.table({"m": pa.array(chat, kind), "e": pa.array([{}] * 3)}))
    assert table.schema.field("m").type == pa.list_(pa.struct([("role", STR), ("content", STR)]))
    assert table.to_pydict() == {"m": chat, "e": [None] * 3}
