"""Softmax regression against the same in float64 with dictionaries, and against autograd."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from hardness.proxy.softmax import bits_for, log_priors, new_weights, observe, train

RATE, EPSILON, BATCH = 2.0, 1.0, 16


def made(n: int, n_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hashes, starts and labels of n records with 1 to 9 features of 64."""
    rng = np.random.default_rng(seed)
    hashes = (np.arange(64, dtype=np.uint64) * 0x9E3779B1).astype(np.uint32)
    parts = [rng.choice(hashes, size=rng.integers(1, 10), replace=False) for _ in range(n)]
    starts = np.concatenate(([0], np.cumsum([len(p) for p in parts]))).astype(np.int64)
    labels = rng.integers(0, n_classes, n).astype(np.int32)
    return np.concatenate(parts), starts, labels


def naive(
    order: np.ndarray,
    hashes: np.ndarray,
    starts: np.ndarray,
    labels: np.ndarray,
    bits: int,
    priors: np.ndarray,
    epochs: int,
) -> np.ndarray:
    """The weights (V, C) after some epochs, by the formula."""
    n_classes = len(priors)
    w = np.zeros((1 << bits, n_classes))
    a = np.zeros_like(w)
    for _ in range(epochs):
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            gradients = []
            for i in batch:
                buckets = hashes[starts[i] : starts[i + 1]] >> (32 - bits)
                x = 1 / math.sqrt(len(buckets))
                z = priors + x * sum(w[b] for b in buckets)
                p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
                gradients.append((buckets, x * (p - np.eye(n_classes)[labels[i]])))
            for buckets, g in gradients:
                for b in buckets:
                    a[b] += g * g
                    w[b] -= RATE * g / np.sqrt(a[b] + EPSILON)
    return w


@pytest.mark.parametrize("n_classes", [2, 3, 40], ids=lambda c: f"{c} classes")
@pytest.mark.parametrize("bits", [8, 12])
def test_weights_are_those_of_the_formula(n_classes: int, bits: int) -> None:
    hashes, starts, labels = made(50, n_classes, seed=n_classes)
    order = np.random.default_rng(1).permutation(50)[:43]
    priors = log_priors(np.bincount(labels, minlength=n_classes))
    weights = new_weights(bits, n_classes)
    for _ in range(3):
        train(order, hashes, starts, labels, bits, priors, weights)
    expected = naive(order, hashes, starts, labels, bits, priors, 3)
    np.testing.assert_allclose(weights[:, :n_classes], expected, atol=2e-4)
    assert np.abs(expected).max() > 0.1


def test_observed_is_what_the_recorder_of_the_trainer_would_say() -> None:
    torch = pytest.importorskip("torch")
    from hardness.training.observations import observe_classes

    hashes, starts, labels = made(40, 4, seed=0)
    priors = log_priors(np.bincount(labels, minlength=4))
    weights = new_weights(10, 4)
    everyone = np.arange(40)
    train(everyone, hashes, starts, labels, 10, priors, weights)
    logits = np.stack(
        [
            priors + weights[hashes[a:b] >> 22, :4].sum(axis=0, dtype=np.float64) / math.sqrt(b - a)
            for a, b in itertools.pairwise(starts)
        ]
    )
    expected = observe_classes(torch.tensor(logits), torch.tensor(labels, dtype=torch.int64))
    chosen = everyone[::3]
    m = len(chosen)
    logprob, margin, error = (np.empty(m, np.float32) for _ in range(3))
    correct, predicted = np.empty(m, np.bool_), np.empty(m, np.int32)
    observe(
        chosen, hashes, starts, labels, 10, priors, weights,
        logprob, correct, margin, error, predicted,
    )  # fmt: skip
    found = np.stack([logprob, correct.astype(np.float32), margin, error])
    np.testing.assert_allclose(found, expected.numpy()[:, chosen], atol=1e-5)
    np.testing.assert_array_equal(predicted, logits.argmax(axis=1)[chosen])


def test_training_lowers_the_loss_towards_separation() -> None:
    hashes = np.array([1 << 28, 2 << 28] * 20, dtype=np.uint32)
    starts = np.arange(41, dtype=np.int64)
    labels = np.array([0, 1] * 20, dtype=np.int32)
    weights, priors = new_weights(8, 2), log_priors(np.array([20, 20]))
    for _ in range(20):
        train(np.arange(40), hashes, starts, labels, 8, priors, weights)
    logprob, margin, error = (np.empty(40, np.float32) for _ in range(3))
    correct, predicted = np.empty(40, np.bool_), np.empty(40, np.int32)
    observe(
        np.arange(40), hashes, starts, labels, 8, priors, weights,
        logprob, correct, margin, error, predicted,
    )  # fmt: skip
    assert correct.all()
    assert np.exp(logprob).min() > 0.95


def test_of_equal_logits_the_first_is_predicted() -> None:
    hashes, starts = np.array([1 << 28] * 3, dtype=np.uint32), np.arange(4, dtype=np.int64)
    weights, priors = new_weights(8, 3), np.zeros(3, np.float32)
    logprob, margin, error = (np.empty(3, np.float32) for _ in range(3))
    correct, predicted = np.empty(3, np.bool_), np.empty(3, np.int32)
    observe(
        np.arange(3), hashes, starts, np.arange(3, dtype=np.int32), 8, priors, weights,
        logprob, correct, margin, error, predicted,
    )  # fmt: skip
    assert correct.tolist() == [True, False, False]
    assert predicted.tolist() == margin.tolist() == [0, 0, 0]


def test_priors_are_shares_with_one_more_of_each_class() -> None:
    np.testing.assert_allclose(np.exp(log_priors(np.array([0, 3]))), [1 / 5, 4 / 5], rtol=1e-6)


@pytest.mark.parametrize(
    ("n_features", "n_classes", "bits"),
    [(0, 2, 8), (1000, 3, 10), (1 << 30, 3, 22), (1 << 30, 300, 15), (1 << 30, 2**16, 8)],
)
def test_buckets_are_no_more_than_features_and_leave_room_for_classes(
    n_features: int, n_classes: int, bits: int
) -> None:
    assert bits_for(n_features, n_classes) == bits
