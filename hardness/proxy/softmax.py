"""Softmax regression over hashed features, learnt by AdaGrad in mini-batches.

Legend: n records, C classes, V buckets of weights, x = 1/√(number of features) the value of each
feature of a record, so that long records pull no harder than short ones.

    z_c = ln π_c + x Σ_f w[f, c]          p = softmax(z)
    g[f, c] = x (p_c - 1{c = label})      a[f, c] += g²      w[f, c] -= rate · g / √(a + ε)

π are the shares of the classes among the records that are trained on. A batch's p all come from the
weights before it; then its records pull one after the other.

Source: Duchi et al. 2011, Adaptive Subgradient Methods, with a's growth by record and not by batch.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, uint32

MOST_WEIGHTS = 2**24
"""Of a model: with its accumulators 128 MiB."""
_MOST_BITS, _LEAST_BITS = 22, 8
_BATCH = 16
# So much ε keeps the first steps from being the largest, so that a record's p still moves after
# the first epoch. Against rate 0.2 and ε 1e-6, on three generated samples that the choice was not
# made on: Spearman of variability with the planted tier 0.12 to 0.16 instead of 0.00 to 0.02, of
# low confidence 0.28 to 0.39 instead of 0.22 to 0.26, its AUROC of flipped labels 0.972 to 0.977
# instead of 0.969 to 0.971. On SNLI it costs: accuracy 0.658 for 0.662, that AUROC 0.802 for 0.809.
_RATE = np.float32(2)
_EPSILON = np.float32(1)


def bits_for(n_features: int, n_classes: int) -> int:
    """log2 of V: no more buckets than features, if the classes leave room for them.

    Args:
        n_features: of all records together, one that several have being counted as often.
        n_classes: C.
    """
    wanted = max(n_features - 1, 1).bit_length()
    room = MOST_WEIGHTS.bit_length() - 1 - (n_classes - 1).bit_length()
    return max(_LEAST_BITS, min(wanted, room, _MOST_BITS))


def new_weights(bits: int, n_classes: int) -> np.ndarray:
    """float32 (V, 2C): w and then a of every bucket, next to each other; all 0."""
    return np.zeros((1 << bits, 2 * n_classes), dtype=np.float32)


def log_priors(counts: np.ndarray) -> np.ndarray:
    """float32 (C,), ln π from the numbers of records (C,), one more for each class."""
    return np.log((counts + 1) / (counts.sum() + len(counts))).astype(np.float32)


@njit(inline="always")
def _logits(hashes, start, end, shift, weights, priors, z):
    """Fill z (C,); returns x."""
    n_classes = len(priors)
    for c in range(n_classes):
        z[c] = np.float32(0)
    for i in range(start, end):
        bucket = hashes[i] >> shift
        for c in range(n_classes):
            z[c] += weights[bucket, c]
    x = np.float32(1 / math.sqrt(end - start))
    for c in range(n_classes):
        z[c] = priors[c] + x * z[c]
    return x


@njit(inline="always")
def _softmax(z):
    """Turn z (C,) into p; returns ln of Σ exp(z)."""
    highest = z[0]
    for c in range(1, len(z)):
        highest = max(highest, z[c])
    total = np.float32(0)
    for c in range(len(z)):
        z[c] = np.float32(math.exp(z[c] - highest))
        total += z[c]
    for c in range(len(z)):
        z[c] /= total
    return highest + np.float32(math.log(total))


@njit(nogil=True, cache=True)
def train(order, hashes, starts, labels, bits, priors, weights):
    """Go once through some records.

    Args:
        order: int64, the records to train on, in that order; each with a label and a feature.
        hashes, starts: see `hardness.proxy.features.Features`.
        labels: int32 (n,), 0 to C - 1.
        bits: log2 of V.
        priors: float32 (C,), see `log_priors`.
        weights: float32 (V, 2C), see `new_weights`; changed.
    """
    shift = uint32(32 - bits)
    n_classes = len(priors)
    errors = np.empty((_BATCH, n_classes), dtype=np.float32)
    for first in range(0, len(order), _BATCH):
        batch = order[first : first + _BATCH]
        for k in range(len(batch)):
            record = batch[k]
            error = errors[k]
            x = _logits(hashes, starts[record], starts[record + 1], shift, weights, priors, error)
            _softmax(error)
            error[labels[record]] -= np.float32(1)
            for c in range(n_classes):
                error[c] *= x
        for k in range(len(batch)):
            record = batch[k]
            for i in range(starts[record], starts[record + 1]):
                bucket = hashes[i] >> shift
                for c in range(n_classes):
                    g = errors[k, c]
                    a = weights[bucket, n_classes + c] + g * g
                    weights[bucket, n_classes + c] = a
                    weights[bucket, c] -= _RATE * g / np.sqrt(a + _EPSILON)


@njit(nogil=True, cache=True)
def observe(
    records, hashes, starts, labels, bits, priors, weights,
    gold_logprob, correct, margin, error_norm, predicted,
):  # fmt: skip
    """What the model makes of some records, as the training dynamics of `hardness.training`.

    Args:
        records: int64 (m,).
        hashes, starts, labels, bits, priors, weights: see `train`.
        gold_logprob: float32 (m,), filled with ln p of the label.
        correct: bool (m,), filled: whether the label is predicted.
        margin: float32 (m,), filled with the label's z minus the greatest other.
        error_norm: float32 (m,), filled with ‖p - onehot‖₂.
        predicted: int32 (m,), filled with the class of the greatest z, the first of several.
    """
    shift = uint32(32 - bits)
    n_classes = len(priors)
    z = np.empty(n_classes, dtype=np.float32)
    for k in range(len(records)):
        record = records[k]
        label = labels[record]
        _logits(hashes, starts[record], starts[record + 1], shift, weights, priors, z)
        best = 0
        other = np.float32(-np.inf)
        for c in range(n_classes):
            if z[c] > z[best]:
                best = c
            if c != label:
                other = max(other, z[c])
        gold = z[label]
        log_total = _softmax(z)
        squares = np.float32(0)
        for c in range(n_classes):
            error = z[c] - np.float32(c == label)
            squares += error * error
        gold_logprob[k] = min(gold - log_total, np.float32(0))
        correct[k] = best == label
        margin[k] = gold - other
        error_norm[k] = math.sqrt(squares)
        predicted[k] = best
