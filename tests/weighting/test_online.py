"""Weights from losses: worked out by hand, and against naive float64 oracles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.errors import HardnessError
from hardness.weighting import resolve, weightings

E = math.e

# Two samples with losses 1 and 3 give z = -1 and 1.
#   linupper:  f = (0, 1), with r = 1 ω = 2 (1, e) / (1 + e)
#   quadratic: f = (0, 0), so equal weights; extremes: f = (1, 1), likewise
#   dro-kl:2:  l / 2 differ by 1, so ω = 2 (1, e) / (1 + e)
#   focal:2:   (1 - e^-1)², (1 - e^-3)²
#   top-k:0.5: k = 1, so ω = (0, 2)
#   superloss: mean 2, β = (-1, 1); -1 is cut at -2/e, where W(-1/e) = -1 and ω = e
EXAMPLES = [
    pytest.param("linupper", [2 / (1 + E), 2 * E / (1 + E)], id="linupper"),
    pytest.param("quadratic", [1.0, 1.0], id="quadratic"),
    pytest.param("extremes", [1.0, 1.0], id="extremes"),
    pytest.param("dro-kl:2", [2 / (1 + E), 2 * E / (1 + E)], id="dro-kl"),
    pytest.param("focal:2", [(1 - E**-1) ** 2, (1 - E**-3) ** 2], id="focal"),
    pytest.param("top-k:0.5", [0.0, 2.0], id="top-k"),
    pytest.param("superloss:1", [E, math.exp(-0.3517337112491958)], id="superloss"),
]

losses_in_nats = st.lists(st.floats(0, 20), min_size=1, max_size=40)


@pytest.mark.parametrize(("spec", "expected"), EXAMPLES)
def test_two_samples_have_the_weights_worked_out_by_hand(spec: str, expected: list[float]) -> None:
    weights = resolve(spec)(losses=np.array([1.0, 3.0]), temperature=1.0)
    np.testing.assert_allclose(weights, expected, rtol=1e-12)


def test_the_middle_and_the_ends_are_told_apart() -> None:
    # Losses 1, 2, 3 give z = -1, 0, 1.
    losses = np.array([1.0, 2.0, 3.0])
    middle = resolve("quadratic")(losses=losses, temperature=0.5)
    ends = resolve("extremes")(losses=losses, temperature=0.5)
    np.testing.assert_allclose(middle, 3 * np.array([1, E**2, 1]) / (2 + E**2))
    np.testing.assert_allclose(ends, 3 * np.array([E**2, 1, E**2]) / (1 + 2 * E**2))


@pytest.mark.parametrize(
    ("fraction", "count", "k"), [(0.07, 100, 7), (0.14, 50, 7), (0.07, 101, 8), (0.001, 10, 1)]
)
def test_top_k_takes_no_loss_more_for_a_rounded_product(
    fraction: float, count: int, k: int
) -> None:
    weights = resolve(f"top-k:{fraction}")(losses=np.arange(float(count)))
    assert np.flatnonzero(weights).tolist() == list(range(count - k, count))
    assert weights[-1] == count / k


def oracle(spec: str, losses: list[float], r: float) -> list[float]:
    name, _, number = spec.partition(":")
    low, high, count = min(losses), max(losses), len(losses)
    z = [0.0 if high == low else 2 * (x - low) / (high - low) - 1 for x in losses]
    if name == "focal":
        return [(1 - math.exp(-x)) ** float(number) for x in losses]
    if name == "top-k":
        k = math.ceil(float(number) * count)
        order = sorted(range(count), key=lambda i: (-losses[i], i))
        return [count / k if i in order[:k] else 0.0 for i in range(count)]
    scores = {
        "linupper": [min(x + 1, 1) / r for x in z],
        "quadratic": [(1 - x * x) / r for x in z],
        "extremes": [abs(x) / r for x in z],
        "dro-kl": [x / float(number or 1) for x in losses],
    }[name]
    raised = [math.exp(x - max(scores)) for x in scores]
    return [count * x / sum(raised) for x in raised]


@pytest.mark.parametrize(
    "spec",
    ["linupper", "quadratic", "extremes", "dro-kl:0.7", "focal:2", "focal:0.5", "top-k:0.3"],
)
@settings(deadline=None)
@given(losses=losses_in_nats, temperature=st.sampled_from([0.5, 1.0, 100.0]))
def test_weights_equal_the_oracle_in_numpy_and_torch(
    spec: str, losses: list[float], temperature: float
) -> None:
    torch = pytest.importorskip("torch")
    expected = oracle(spec, losses, temperature)
    array = np.array(losses)
    found = resolve(spec)(losses=array, temperature=temperature)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)
    found = resolve(spec)(losses=torch.from_numpy(array), temperature=temperature)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9, atol=1e-6)
    np.testing.assert_array_equal(array, losses)


@settings(deadline=None)
@given(losses=losses_in_nats, strength=st.floats(0.1, 10))
def test_superloss_minimises_what_it_is_defined_by(losses: list[float], strength: float) -> None:
    weights = resolve(f"superloss:{strength}")(losses=np.array(losses))
    mean = float(np.mean(losses))
    for loss, weight in zip(losses, weights, strict=True):
        assert 0 < weight <= E * (1 + 1e-9)

        def objective(weight: float, gap: float = loss - mean) -> float:
            return gap * weight + strength * math.log(weight) ** 2

        if loss - mean > -2 / E * strength:  # below it the paper cuts off
            best = objective(float(weight))
            assert best <= objective(float(weight) * 1.01) + 1e-9
            assert best <= objective(float(weight) * 0.99) + 1e-9


@settings(deadline=None)
@given(x=st.floats(-1 / E, 1e6))
def test_lambert_w_inverts_its_definition(x: float) -> None:
    from hardness.weighting.superloss import lambert_w

    (w,) = lambert_w(np.array([x]))
    assert w >= -1
    assert w * math.exp(w) == pytest.approx(x, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ["linupper", "quadratic", "extremes", "dro-kl", "top-k"])
@settings(deadline=None)
@given(losses=losses_in_nats)
def test_relative_weights_have_mean_one(name: str, losses: list[float]) -> None:
    weights = resolve(name)(losses=np.array(losses), temperature=1.0)
    assert float(weights.mean()) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["linupper", "quadratic", "extremes"])
def test_a_high_temperature_makes_weights_equal(name: str) -> None:
    weights = resolve(name)(losses=np.array([0.1, 2.0, 5.0]), temperature=1e9)
    np.testing.assert_allclose(weights, 1, atol=1e-8)


def test_focal_loss_lets_the_gradient_through_its_weight() -> None:
    torch = pytest.importorskip("torch")
    losses = torch.tensor([0.7], dtype=torch.float64, requires_grad=True)
    (resolve("focal:2")(losses=losses) * losses).sum().backward()
    # d/dl (1 - e^-l)² l = (1 - e^-l)² + 2 l (1 - e^-l) e^-l
    p = math.exp(-0.7)
    assert losses.grad is not None
    assert losses.grad.item() == pytest.approx((1 - p) ** 2 + 2 * 0.7 * (1 - p) * p)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param("focal:-1", "gamma at least 0, got 'focal:-1'", id="focal"),
        pytest.param("top-k:0", r"fraction in \(0, 1\], got 'top-k:0'", id="top-k"),
        pytest.param("dro-kl:x", "strength above 0, got 'dro-kl:x'", id="no number"),
        pytest.param("superloss:nan", "strength above 0", id="nan"),
    ],
)
def test_a_parameter_out_of_range_is_refused(spec: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        resolve(spec)


def test_every_published_weighting_is_there() -> None:
    assert set(weightings.names()) >= {
        "uniform", "shards", "s-loss", "s-loss-descending", "s-loss-swing", "linupper",
        "quadratic", "extremes", "dro-kl", "focal", "superloss", "top-k",
    }  # fmt: skip
