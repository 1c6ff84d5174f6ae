"""Joining text columns."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.io.text import contiguous, is_utf8, join_columns

_CELLS = st.none() | st.text(max_size=3)
_CHATS = st.none() | st.lists(st.none() | st.fixed_dictionaries({"content": _CELLS}), max_size=3)
_CHAT = pa.list_(pa.struct([("content", pa.string())]))


def naive_join(parts: list[str | None]) -> str | None:
    """One space between those that are not null."""
    there = [part for part in parts if part is not None]
    return " ".join(there) if there else None


@given(rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), max_size=6), cut=st.integers(0, 6))
def test_columns_are_joined_by_one_space_and_nulls_skipped(
    rows: list[tuple[str | None, ...]], cut: int
) -> None:
    columns = [[row[i] for row in rows] for i in range(3)]
    # Two chunks and an offset: what a reader may hand over.
    arrays = [
        pa.chunked_array([pa.array(["x", *c[:cut]]), pa.array(c[cut:], pa.string())])[1:]
        for c in columns
    ]
    joined = join_columns(pa.table(arrays, names=["a", "b", "c"]), ("a", "b", "c"))
    assert joined.to_pylist() == [naive_join(list(row)) for row in rows]
    assert joined.type == pa.string()


@given(chats=st.lists(_CHATS, max_size=5), offset=st.integers(0, 2))
def test_messages_are_their_contents_in_order(
    chats: list[list[dict[str, str | None] | None] | None], offset: int
) -> None:
    padded = pa.array([[{"content": "no"}]] * offset + chats, _CHAT)[offset:]
    joined = join_columns(pa.table({"m": padded}), ("m",))
    expected = [naive_join([m["content"] if m else None for m in chat or []]) for chat in chats]
    assert joined.to_pylist() == expected


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())],
    ids=["string", "large", "dictionary"],
)
def test_text_is_one_string_array_from_offset_0(kind: pa.DataType) -> None:
    values = pa.array(["zero", "one", None, "three"], pa.string()).cast(kind)
    array = contiguous(pa.chunked_array([values[1:3], values[3:]]))
    assert isinstance(array, pa.Array)
    assert (array.type, array.offset) == (pa.string(), 0)
    assert array.to_pylist() == ["one", None, "three"]


def test_text_of_no_chunks_is_empty() -> None:
    assert contiguous(pa.chunked_array([], pa.string())).to_pylist() == []


@given(data=st.binary(max_size=6) | st.text(max_size=4).map(str.encode))
def test_is_utf8_is_what_decoding_says(data: bytes) -> None:
    try:
        data.decode("utf-8")
        expected = True
    except UnicodeDecodeError:
        expected = False
    assert is_utf8(data) == expected
