"""Numbers of cartography against their definitions, written out record by record."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.metrics.observations import NO_CLASS, Observed, Reduction, observe_logits


def observed(
    logprob: list[float], correct: list[float], predicted: list[int] | None = None
) -> Observed:
    ones = np.ones(len(logprob))
    return Observed(
        np.array(logprob),
        np.array(correct),
        ones,
        ones,
        np.full(len(logprob), NO_CLASS) if predicted is None else np.array(predicted),
    )


def test_logits_say_what_softmax_says() -> None:
    # softmax([0, ln 2, ln 5]) = [1/8, 2/8, 5/8]
    logits = np.log([[1.0, 2.0, 5.0]] * 2)
    found = observe_logits(logits, np.array([1, 2]))
    assert np.exp(found.gold_logprob) == pytest.approx([2 / 8, 5 / 8])
    assert found.correct.tolist() == [0, 1]
    assert found.margin == pytest.approx([math.log(2 / 5), math.log(5 / 2)])
    # the root of (1/8)² + (6/8)² + (5/8)², and of (1/8)² + (2/8)² + (3/8)²
    assert found.error_norm == pytest.approx([math.sqrt(62) / 8, math.sqrt(14) / 8])
    assert found.predicted.tolist() == [2, 2]


def test_of_equal_logits_the_first_is_predicted() -> None:
    found = observe_logits(np.zeros((3, 3)), np.array([0, 1, 2]))
    assert found.correct.tolist() == [1, 0, 0]
    assert found.margin.tolist() == [0, 0, 0]


def test_large_logits_neither_overflow_nor_vanish() -> None:
    found = observe_logits(np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([0, 0]))
    assert found.gold_logprob.tolist() == [0, -1e4]
    assert found.error_norm == pytest.approx([0, math.sqrt(2)])


def test_the_error_of_what_is_nearly_learnt_is_not_rounded_away() -> None:
    # Odds of 1 to e^-d for each of the others: 1 - p is theirs together.
    gaps = np.array([5.0, 16, 20, 30, 300])
    logits = np.stack([gaps, np.zeros(5), np.zeros(5)], axis=1)
    found = observe_logits(logits, np.zeros(5, dtype=int))
    others = np.exp(-gaps) / (1 + 2 * np.exp(-gaps))
    expected = np.sqrt(4 * others**2 + 2 * others**2)
    np.testing.assert_allclose(found.error_norm, expected, rtol=1e-12)


@given(st.lists(st.one_of(st.none(), st.floats(-30, 0)), min_size=1, max_size=8))
def test_means_and_deviation_are_those_of_the_observed_epochs(epochs: list[float | None]) -> None:
    state = Reduction(1)
    for logprob in epochs:
        if logprob is not None:
            state.add(np.array([0]), observed([logprob], [0.25]))
    found = state.columns()
    seen = [math.exp(logprob) for logprob in epochs if logprob is not None]
    assert found["n_epochs"].tolist() == [len(seen)]
    if seen:
        assert found["confidence"][0] == pytest.approx(np.mean(seen))
        assert found["variability"][0] == pytest.approx(np.std(seen), abs=1e-12)
        assert found["mean_loss"][0] == pytest.approx(
            -np.mean([x for x in epochs if x is not None])
        )
        assert found["correctness"][0] == 0.25
        mean = found["confidence"][0]
        assert found["threshold_closeness"][0] == mean * (1 - mean)


def test_equal_probabilities_do_not_vary() -> None:
    state = Reduction(1)
    for _ in range(7):
        state.add(np.array([0]), observed([-0.1], [1]))
    assert state.columns()["variability"].tolist() == [0]


@pytest.mark.parametrize(
    ("epochs", "forgotten", "never"),
    [
        pytest.param([1, 1, 1], 0, False, id="learnt"),
        pytest.param([0, 0, 0], 0, True, id="never"),
        pytest.param([0, 1, 1], 0, False, id="late"),
        pytest.param([1, 0, 1, 0], 2, False, id="twice"),
        pytest.param([1, 0, 0], 1, False, id="once for good"),
        pytest.param([1, None, 0, None, 1], 1, False, id="across epochs that are missing"),
        pytest.param([0.5, 0.49, 0.9], 1, False, id="half of the tokens is right"),
        pytest.param([0.4, 0.3], 0, True, id="less than half never"),
    ],
)
def test_forgetting_counts_right_then_wrong(
    epochs: list[float | None], forgotten: int, never: bool
) -> None:
    state = Reduction(2)
    for correct in epochs:
        rows = np.array([1] if correct is not None else [], dtype=int)
        state.add(rows, observed([-1.0] * len(rows), [correct or 0] * len(rows)))
    found = state.columns()
    assert found["forgetting"][1] == forgotten
    assert bool(found["never_learnt"][1]) == never


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        pytest.param([2, 1, 2], 2, id="most often"),
        pytest.param([2, 1, 1, 2], 2, id="equally often: the last"),
        pytest.param([0, 1], 1, id="once each: the last"),
        pytest.param([NO_CLASS, NO_CLASS, 3], 3, id="unknown is no class"),
        pytest.param([NO_CLASS], NO_CLASS, id="unknown"),
    ],
)
def test_suggested_is_the_class_predicted_most(epochs: list[int], expected: int) -> None:
    state = Reduction(1)
    for predicted in epochs:
        state.add(slice(None), observed([-1.0], [1], [predicted]))
    assert state.suggested().tolist() == [expected]


def test_records_do_not_depend_on_each_other() -> None:
    rng = np.random.default_rng(0)
    logits, gold = rng.normal(size=(5, 40, 4)), rng.integers(0, 4, 40)
    whole, halves = Reduction(40), [Reduction(20), Reduction(20)]
    for epoch in logits:
        whole.add(slice(None), observe_logits(epoch, gold))
        order = rng.permutation(20)
        for i, half in enumerate(halves):
            part = slice(20 * i, 20 * i + 20)
            half.add(order, observe_logits(epoch[part][order], gold[part][order]))
    for name, values in whole.columns().items():
        parts = np.concatenate([half.columns()[name] for half in halves])
        assert values.tobytes() == parts.tobytes(), name
    assert whole.suggested().tolist() == [x for half in halves for x in half.suggested().tolist()]
