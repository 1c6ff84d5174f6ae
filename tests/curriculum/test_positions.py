"""A sequence turned round: every position of every row."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum.positions import LEFT_OUT, Positions, occurrences


def of(sequence: list[int], rows: int) -> Positions:
    return Positions.of(np.array(sequence, dtype=np.int64), rows=rows)


@given(data=st.data())
def test_every_occurrence_is_found_in_training_order(data: st.DataObject) -> None:
    m = data.draw(st.integers(1, 12))
    sequence = data.draw(st.lists(st.integers(0, m - 1), max_size=40))
    wanted = data.draw(st.lists(st.integers(0, m - 1), unique=True))
    positions = of(sequence, m)
    indices, found = positions.find(np.array(wanted, dtype=np.uint64))
    expected = [(row, p) for p, row in enumerate(sequence) if row in wanted]
    assert [(wanted[i], p) for i, p in zip(indices, found.tolist(), strict=True)] == expected
    assert positions.times.astype(int).tolist() == [sequence.count(row) for row in range(m)]
    assert len(positions) == len(sequence)


@given(data=st.data())
def test_occurrences_are_counted(data: st.DataObject) -> None:
    m = data.draw(st.integers(1, 12))
    sequence = data.draw(st.lists(st.integers(0, m - 1), max_size=40))
    told = occurrences(of(sequence, m).times, records=m)
    times = Counter(sequence).values()
    assert told["records"] == len(times)
    assert told["never"] == m - len(times)
    assert told["most"] == max(times, default=0)
    assert told["times"] == {str(n): count for n, count in sorted(Counter(times).items())}


@pytest.mark.parametrize(("sequence", "rows"), [([2, 0, 1], 3), ([3], 5), ([], 2)], ids=str)
def test_rows_that_occur_once_take_one_number_each(sequence: list[int], rows: int) -> None:
    positions = of(sequence, rows)
    assert positions.starts is None
    expected = [sequence.index(row) if row in sequence else LEFT_OUT for row in range(rows)]
    assert positions.positions.tolist() == expected
    assert positions.positions.dtype == np.int32


def test_repeated_rows_are_grouped() -> None:
    positions = of([1, 3, 1, 1], 4)
    assert positions.starts is not None
    assert positions.starts.tolist() == [0, 0, 3, 3, 4]
    assert positions.positions.tolist() == [0, 2, 3, 1]
