"""The stable argsort, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hardness import sort
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


def test_argsort_of_more_values_than_fit_beside_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort, "PACKED_LIMIT", 4)
    assert stable_argsort(np.array([3.0, 1.0, 3.0, 1.0, 2.0])).tolist() == [1, 3, 4, 0, 2]


def test_argsort_leaves_its_input_alone() -> None:
    values = np.array([0.1, -0.0, -7.3])
    before = values.tobytes()
    stable_argsort(values)
    assert values.tobytes() == before
