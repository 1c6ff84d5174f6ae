"""S-Loss against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.weighting import resolve

H = [0.25, 1.0]

# By hand with h = 1/4 and h = 1, so 2h - 1 = -1/2 and 1.
EXAMPLES = [
    pytest.param("s-loss", 0.0, [1.5, 0.0], id="s-loss starts at 2(1-h)"),
    pytest.param("s-loss", 0.5, [1.25, 0.5], id="s-loss half way"),
    pytest.param("s-loss-descending", 0.0, [0.5, 2.0], id="descending starts at 2h"),
    pytest.param("s-loss-descending", 0.5, [0.75, 1.5], id="descending half way"),
    pytest.param("s-loss-swing", 0.0, [1.5, 0.0], id="swing starts at 2(1-h)"),
    pytest.param("s-loss-swing", 0.75, [0.75, 1.5], id="swing past the middle"),
    pytest.param("uniform", 0.5, [1.0, 1.0], id="uniform"),
]


@pytest.mark.parametrize(("name", "progress", "expected"), EXAMPLES)
def test_two_samples_have_the_weights_worked_out_by_hand(
    name: str, progress: float, expected: list[float]
) -> None:
    weights = resolve(name)(hardness=np.array(H), progress=progress)
    np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("name", "progress", "expected"), EXAMPLES)
def test_torch_tensors_give_the_same_weights_as_numpy_arrays(
    name: str, progress: float, expected: list[float]
) -> None:
    torch = pytest.importorskip("torch")
    weights = resolve(name)(hardness=torch.tensor(H, dtype=torch.float64), progress=progress)
    assert weights.tolist() == pytest.approx(expected, abs=1e-15)


def test_progress_can_be_given_per_sample() -> None:
    weights = resolve("s-loss")(hardness=np.array([0.0, 0.0]), progress=np.array([0.0, 0.5]))
    assert weights.tolist() == [2.0, 1.5]


@pytest.mark.parametrize("name", ["s-loss", "s-loss-descending", "s-loss-swing"])
@settings(deadline=None)
@given(hardness=st.floats(0, 1), progress=st.floats(0, 1, exclude_max=True))
def test_weights_stay_between_nought_and_two(name: str, hardness: float, progress: float) -> None:
    weight = resolve(name)(hardness=np.array([hardness]), progress=progress)[0]
    assert 0 <= weight <= 2


@pytest.mark.parametrize("name", ["s-loss", "s-loss-descending"])
def test_weights_tend_to_one_at_the_end(name: str) -> None:
    weights = resolve(name)(hardness=np.linspace(0, 1, 11), progress=1 - 1e-9)
    np.testing.assert_allclose(weights, 1, atol=1e-8)
