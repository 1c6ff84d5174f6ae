"""The temperature maximises the likelihood, and probabilities follow from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.ngram.temperature import LARGEST_SHARPNESS, fit_temperature, posteriors
from tests.ngram import pvi_oracle


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 60),
    n_classes=st.integers(2, 5),
    tau=st.sampled_from([0.1, 1.0, 7.0, 300.0]),
)
def test_temperature_maximises_the_likelihood(
    seed: int, n: int, n_classes: int, tau: float
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(-50, 3 * tau, (n, n_classes))
    priors = np.log(rng.dirichlet(np.ones(n_classes), n))
    noise = rng.gumbel(size=scores.shape)
    labels = np.argmax(scores / tau + noise, axis=1).astype(np.int32)
    got = fit_temperature(scores, priors, labels)
    scored = [
        pvi_oracle.Scored(list(p), list(s), int(y))
        for p, s, y in zip(priors, scores, labels, strict=True)
    ]
    best = pvi_oracle.log_likelihood(scored, 1 / got)
    for factor in (0.5, 0.99, 1.01, 2.0):
        assert pvi_oracle.log_likelihood(scored, factor / got) <= best + 1e-9
    assert pvi_oracle.log_likelihood(scored, 0.0) <= best + 1e-9


def test_true_temperature_is_found() -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(-100, 30, (20_000, 3))
    labels = np.argmax(scores / 12 + rng.gumbel(size=scores.shape), axis=1).astype(np.int32)
    assert fit_temperature(scores, np.zeros_like(scores), labels) == pytest.approx(12, rel=0.05)


def test_texts_that_mislead_have_no_say() -> None:
    scores = np.array([[-1.0, -2.0], [-2.0, -1.0]])
    labels = np.array([1, 0], dtype=np.int32)
    assert fit_temperature(scores, np.log(np.full((2, 2), 0.5)), labels) == math.inf


def test_texts_that_tell_all_have_the_last_word() -> None:
    scores = np.array([[-1.0, -2.0], [-2.0, -1.0]])
    labels = np.array([0, 1], dtype=np.int32)
    tau = fit_temperature(scores, np.log(np.full((2, 2), 0.5)), labels)
    assert 1 / LARGEST_SHARPNESS <= tau < 1 / 500  # exp(-500) is 0 beside 1


def test_no_record_to_fit_on_leaves_the_prior() -> None:
    nothing = np.empty((0, 3))
    assert fit_temperature(nothing, nothing, np.empty(0, dtype=np.int32)) == math.inf


def test_posteriors_by_hand() -> None:
    # Priors 1/4, 3/4; LL differ by ln 9 for the first class, and s = 1/2 makes that a factor of 3:
    # p = (3/4, 3/4) / (6/4) = 1/2 each, so the first class gains log2(1/2) - log2(1/4) = 1 bit.
    priors = np.log(np.array([[0.25, 0.75]] * 4))
    scores = np.array([[math.log(9), 0.0]] * 4) - 1000.0
    scores[3] = np.nan
    labels = np.array([0, 1, -1, 0], dtype=np.int32)
    pvi, confidence, predicted = np.empty(4), np.empty(4), np.empty(4, dtype=np.int32)
    posteriors(scores, priors, labels, 0.5, pvi, confidence, predicted)
    assert pvi[:2] == pytest.approx([1.0, math.log2(0.5 / 0.75)])
    assert confidence[:2] == pytest.approx([0.5, 0.5])
    assert np.isnan(pvi[2:]).all()
    assert np.isnan(confidence[2:]).all()
    assert predicted[2] in (0, 1)
    assert predicted[3] == -1


def test_first_of_equally_likely_classes_is_predicted() -> None:
    zeros = np.zeros((1, 3))
    pvi, confidence, predicted = np.empty(1), np.empty(1), np.empty(1, dtype=np.int32)
    posteriors(zeros, zeros, np.array([2], dtype=np.int32), 1.0, pvi, confidence, predicted)
    assert predicted.tolist() == [0]


def test_an_infinite_temperature_leaves_ties() -> None:
    # These priors add up to 1 - 2e-16, which used to be the score.
    priors = np.log(np.array([[0.3284, 0.3357, 0.3359], [0.1, 0.2, 0.7]]))
    scores = np.array([[-3.0, -5.0, -4.0], [-1e3, -2.0, -7.0]])
    labels = np.array([0, 2], dtype=np.int32)
    pvi, confidence, predicted = np.empty(2), np.empty(2), np.empty(2, dtype=np.int32)
    posteriors(scores, priors, labels, 0.0, pvi, confidence, predicted)
    assert pvi.tolist() == [0.0, 0.0]
    assert confidence.tolist() == [math.exp(priors[0, 0]), math.exp(priors[1, 2])]
    assert predicted.tolist() == [2, 2]
