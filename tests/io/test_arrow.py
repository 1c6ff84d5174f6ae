"""Numbers between numpy and Arrow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from hardness.io.arrow import from_numpy, string_scalar, to_numpy

DTYPES = [np.int32, np.int64, np.uint8, np.uint64, np.float32, np.float64]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 17])
def test_numbers_go_there_and_back(dtype: type, n: int) -> None:
    values = np.arange(n).astype(dtype)
    array = from_numpy(values)
    array.validate(full=True)
    assert array.equals(pa.array(values.tolist(), array.type))
    found = to_numpy(array)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, values)


def test_strided_numbers_are_copied() -> None:
    assert from_numpy(np.arange(10)[::3]).to_pylist() == [0, 3, 6, 9]


def test_nan_is_null_if_asked_for() -> None:
    values = np.array([0.5, np.nan, 1.5] * 5, dtype=np.float32)
    assert from_numpy(values, nan_is_null=True).to_pylist() == [0.5, None, 1.5] * 5
    assert from_numpy(values).null_count == 0
    assert from_numpy(values[::3], nan_is_null=True).null_count == 0


@pytest.mark.parametrize("chunks", [[[1, 2, 3]], [[1], [], [2, 3]], []], ids=str)
def test_chunks_are_joined_and_offsets_kept(chunks: list[list[int]]) -> None:
    arrays = [pa.array([9, *chunk], pa.int32()).slice(1) for chunk in chunks]
    column = pa.chunked_array(arrays, pa.int32())
    assert to_numpy(column).tolist() == [value for chunk in chunks for value in chunk]


def test_values_are_null_where_told() -> None:
    values = np.array([1, 2, 3], dtype=np.uint32)
    assert from_numpy(values, np.array([True, False, True])).to_pylist() == [None, 2, None]
    assert from_numpy(values, np.zeros(3, dtype=bool)).null_count == 0


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
@pytest.mark.parametrize("text", ["", " ", "é日"])
def test_text_as_a_scalar(text: str, kind: pa.DataType) -> None:
    assert string_scalar(text, kind).equals(pa.scalar(text, kind))
