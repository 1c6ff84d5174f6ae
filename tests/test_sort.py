"""The stable argsort, against numpy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hardness import chunks, sort
from hardness.sort import stable_argsort

FLOATS = hnp.arrays(
    np.float64, st.integers(0, 60), elements=st.floats(allow_nan=False, allow_subnormal=True)
)
FEW = hnp.arrays(
    np.float64, st.integers(0, 60), elements=st.sampled_from([-1.5, -0.0, 0.0, 1e-300, np.inf])
)


@given(values=FLOATS | FEW)
def test_argsort_is_the_stable_one(values: np.ndarray) -> None:
    np.testing.assert_array_equal(stable_argsort(values), np.argsort(values, kind="stable"))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["f32-exact", "f64"])
def test_argsort_of_many_values_with_ties_is_stable(dtype: type) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=500).astype(dtype).astype(np.float64)[rng.integers(0, 500, 20_000)]
    np.testing.assert_array_equal(stable_argsort(values), np.argsort(values, kind="stable"))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(lambda rng: np.exp(rng.normal(size=20_000) * 5), id="heavy-tail"),
        pytest.param(lambda rng: np.r_[rng.normal(size=20_000), 1e300], id="outlier"),
        pytest.param(lambda rng: np.r_[rng.normal(size=20_000), -np.inf, np.inf], id="infinite"),
        pytest.param(lambda rng: np.full(20_000, 7.0), id="all-equal"),
        pytest.param(lambda rng: rng.integers(0, 20_000, 20_000) / 19_999, id="ranks"),
    ],
)
@pytest.mark.parametrize("level_bits", [2, 12, sort.LEVEL_BITS])
@pytest.mark.parametrize("packed_limit", [4, sort.PACKED_LIMIT])
def test_argsort_is_stable_however_the_values_spread(
    monkeypatch: pytest.MonkeyPatch, values: Any, level_bits: int, packed_limit: int
) -> None:
    monkeypatch.setattr(sort, "LEVEL_BITS", level_bits)
    monkeypatch.setattr(sort, "PACKED_LIMIT", packed_limit)
    monkeypatch.setattr(chunks, "CHUNK", 777)
    drawn = values(np.random.default_rng(0))
    np.testing.assert_array_equal(stable_argsort(drawn), np.argsort(drawn, kind="stable"))


@given(values=FLOATS | FEW, chunk=st.integers(1, 8))
def test_levels_that_hold_several_values_are_sorted_once_more(
    values: np.ndarray, chunk: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sort, "LEVEL_BITS", 3)
        patch.setattr(chunks, "CHUNK", chunk)
        np.testing.assert_array_equal(stable_argsort(values), np.argsort(values, kind="stable"))


def test_argsort_leaves_its_input_alone() -> None:
    values = np.array([0.1, -0.0, -7.3])
    before = values.tobytes()
    stable_argsort(values)
    assert values.tobytes() == before
