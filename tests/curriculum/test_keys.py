"""Placing rows: nulls, gaps, ties, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hardness.curriculum.curriculum import Curriculum
from hardness.curriculum.keys import Keys, place
from hardness.curriculum.orders import orders
from hardness.errors import HardnessError


def placed(scores: list[float | None], rows: list[int] | None = None, **options: Any) -> Keys:
    known = [score is not None for score in scores]
    settings: dict[str, Any] = {
        "dataset_rows": len(scores),
        "name": "perplexity",
        "direction": "higher",
        "read": None,
    }
    settings |= {name: options.pop(name) for name in settings if name in options}
    return place(
        np.array(range(len(scores)) if rows is None else rows, dtype=np.uint64),
        np.array([0.0 if score is None else score for score in scores]),
        np.array(known, dtype=bool),
        **settings,
        curriculum=Curriculum(**options),
    )


def test_rows_are_placed_by_hardness_and_ties_by_row() -> None:
    keys = placed([3, 1, 3, 0])
    assert keys.positions.positions.tolist() == [2, 1, 3, 0]
    assert keys.hardness.tolist() == pytest.approx([5 / 6, 1 / 3, 5 / 6, 0])
    assert keys.rows == 4


def test_rows_that_the_table_lacks_are_left_out() -> None:
    keys = placed([7, 5], rows=[1, 4], dataset_rows=6)
    assert keys.positions.positions.tolist() == [-1, 1, -1, -1, 0, -1]
    assert np.isnan(keys.hardness).tolist() == [True, False, True, True, False, True]


@pytest.mark.parametrize(
    ("nulls", "position", "rows"),
    [
        ("drop", [1, -1, 0, -1], 2),
        ("first", [3, 0, 2, 1], 4),
        ("last", [1, 2, 0, 3], 4),
    ],
)
def test_nulls_go_where_they_are_told(nulls: str, position: list[int], rows: int) -> None:
    keys = placed([9, None, 4, None], nulls=nulls)
    assert keys.positions.positions.tolist() == position
    assert (keys.rows, keys.nulls) == (rows, 2)
    np.testing.assert_array_equal(keys.hardness, np.array([1, np.nan, 0, np.nan], np.float32))


def test_nulls_do_not_move_the_hardness_of_the_others() -> None:
    assert placed([9, None, 4, 5], nulls="last").hardness[[0, 2, 3]].tolist() == [1, 0, 0.5]


def test_nulls_are_refused_unless_told_otherwise() -> None:
    with pytest.raises(
        HardnessError, match=r"perplexity must be defined .* got 2 null of 3 .*row 1"
    ):
        placed([1, None, None])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nulls": "skip"}, "nulls must be one of error, drop, first, last, got 'skip'"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"order": "ascnding"}, "order must be one of .* did you mean 'ascending'"),
        ({"normalize": "none"}, r"perplexity must be within \[0, 1\] .*, got 2.0 and 1 more"),
    ],
    ids=["nulls", "seed", "order", "normalize"],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        placed([0.5, 2, 3], **options)


def test_nan_is_refused_by_its_row() -> None:
    with pytest.raises(
        HardnessError, match="perplexity must be a number or null, got NaN at row 8"
    ):
        placed([1, float("nan")], rows=[2, 8], dataset_rows=9)


def test_nothing_to_place_is_refused() -> None:
    with pytest.raises(HardnessError, match="at least one record, got 2 null of 2"):
        placed([None, None], nulls="drop")


def test_all_null_can_be_kept() -> None:
    keys = placed([None, None], nulls="last")
    assert keys.positions.positions.tolist() == [0, 1]
    assert keys.summary() == {"min": None, "mean": None, "max": None, "nulls": 2}


def use_order(monkeypatch: pytest.MonkeyPatch, name: str, sequence: list[int] | np.ndarray) -> None:
    monkeypatch.setitem(orders._items, name, lambda hardness, rng: np.array(sequence))


def test_an_order_may_leave_records_out_and_repeat_them(monkeypatch: pytest.MonkeyPatch) -> None:
    use_order(monkeypatch, "made", [2, 0, 2, 2])
    keys = placed([None, 1, 2, 4], order="made", nulls="last")
    indices, positions = keys.positions.find(np.arange(4, dtype=np.uint64))
    assert indices.tolist() == [3, 1, 3, 3, 0]
    assert positions.tolist() == [0, 1, 2, 3, 4]
    assert keys.rows == 5
    assert keys.summary() == {"min": 0.0, "mean": 0.75, "max": 1.0, "nulls": 1}
    assert keys.occurrences() == {
        "records": 3,
        "never": 1,
        "most": 3,
        "times": {"1": 2, "3": 1},
    }


@pytest.mark.parametrize(
    ("sequence", "found"),
    [
        ([0, 3], "3 and 0 more outside"),
        ([-1, 0, 7], "-1 and 1 more outside"),
        ([0.0, 1.0], "an array of float64 with the shape"),
        ([[0, 1]], r"an array of int64 with the shape \(1, 2\)"),
    ],
    ids=["high", "low", "floats", "matrix"],
)
def test_an_order_that_returns_no_indices_is_refused(
    monkeypatch: pytest.MonkeyPatch, sequence: list[int], found: str
) -> None:
    use_order(monkeypatch, "wrong", sequence)
    with pytest.raises(
        HardnessError, match=f"order 'wrong' must return indices from 0 to 2, got {found}"
    ):
        placed([1, 2, 3], order="wrong")


def test_summary_describes_the_shards_only() -> None:
    keys = placed([9, None, 4, 5], nulls="drop")
    assert keys.summary() == {"min": 0.0, "mean": 0.5, "max": 1.0, "nulls": 1}


@pytest.mark.parametrize("sequence", [[1, 0], [1, 1, 0]], ids=["once", "repeated"])
def test_saved_keys_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sequence: list[int]
) -> None:
    use_order(monkeypatch, "made", sequence)
    keys = placed([3, None, 1], nulls="last", order="made")
    keys.save(tmp_path)
    loaded = Keys.load(tmp_path)
    np.testing.assert_array_equal(loaded.positions.positions, keys.positions.positions)
    np.testing.assert_array_equal(loaded.positions.times, keys.positions.times)
    np.testing.assert_array_equal(loaded.hardness, keys.hardness)
    assert (loaded.rows, loaded.records, loaded.nulls) == (len(sequence) + 1, 3, 1)
