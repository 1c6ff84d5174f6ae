"""Class probabilities from log-likelihoods, and the temperature that makes them honest.

Legend: m records, C classes.

    p(y|x) = softmax_y(ln prior_y + LL_y(x) / tau)
    pvi    = log2 p(label|x) - log2 prior_label

Positions of a text are not independent, so the plain likelihood (tau = 1) is far too sure of
itself. With s = 1/tau, ln p is concave in s, so the best tau is found by Newton's method between
bounds that close in.
"""

from __future__ import annotations

from math import exp, inf, log

import numpy as np
from numba import njit

LARGEST_SHARPNESS = 1e6
"""Of s: where the classes can be told apart without a mistake, no s is the best."""
_STEPS = 200
_PRECISION = 1e-12
"""Of s, relative."""


def fit_temperature(scores: np.ndarray, priors: np.ndarray, labels: np.ndarray) -> float:
    """The tau > 0 that maximises the sum of ln p(label|x).

    Args:
        scores: float64 (m, C), LL_y, finite.
        priors: float64 (m, C), ln prior_y.
        labels: int32 (m,), 0 to C - 1.

    Returns:
        tau; infinite where the texts say nothing of the labels. Where they say all, there is no
        best tau, and one so small is returned that every p(label|x) is 1 to rounding.
    """

    weights = np.empty(scores.shape[1], dtype=np.float64)

    def slopes(sharpness: float) -> tuple[float, float]:
        return _slopes(scores, priors, labels, sharpness, weights)

    if len(labels) == 0 or slopes(0.0)[0] <= 0:
        return inf
    low, high = 0.0, 1.0
    while slopes(high)[0] > 0:
        low, high = high, 2 * high
        if high > LARGEST_SHARPNESS:
            return 1 / LARGEST_SHARPNESS
    sharpness = (low + high) / 2
    for _ in range(_STEPS):
        slope, curvature = slopes(sharpness)
        if slope > 0:
            low = sharpness
        else:
            high = sharpness
        proposed = sharpness + slope / curvature if curvature > 0 else high
        if not low < proposed < high:
            proposed = (low + high) / 2
        if abs(proposed - sharpness) <= _PRECISION * sharpness:
            break
        sharpness = proposed
    return 1 / sharpness


@njit(nogil=True, cache=True)
def _slopes(scores, priors, labels, sharpness, weights):
    """The first derivative by s of the sum of ln p(label|x), and less the second.

    Args:
        scores, priors, labels: see `fit_temperature`.
        sharpness: s.
        weights: float64 (C,), scratch.
    """
    n_classes = scores.shape[1]
    slope = 0.0
    curvature = 0.0
    for i in range(len(labels)):
        label = labels[i]
        highest = -np.inf
        for y in range(n_classes):
            weights[y] = priors[i, y] + sharpness * scores[i, y]
            if weights[y] > highest:
                highest = weights[y]
        total = 0.0
        for y in range(n_classes):
            weights[y] = exp(weights[y] - highest)
            total += weights[y]
        mean = 0.0
        for y in range(n_classes):
            mean += weights[y] / total * (scores[i, y] - scores[i, label])
        slope -= mean
        for y in range(n_classes):
            apart = scores[i, y] - scores[i, label] - mean
            curvature += weights[y] / total * (apart * apart)
    return slope, curvature


@njit(nogil=True, cache=True)
def posteriors(scores, priors, labels, sharpness, pvi, confidence, predicted):
    """What the probabilities say of each record.

    Args:
        scores, priors: float64 (m, C), LL_y and ln prior_y, of which the priors add up to 1; scores
            NaN where undefined.
        labels: int32 (m,), less than 0 for none.
        sharpness: 1/tau, 0 for an infinite tau; pvi is then 0 and p the prior.
        pvi: float64 (m,), filled, in bits; NaN without a label or where undefined.
        confidence: float64 (m,), filled with p(label|x); NaN as above.
        predicted: int32 (m,), filled with the likeliest class, the first of several; -1 where
            undefined.
    """
    n_classes = scores.shape[1]
    for i in range(len(labels)):
        pvi[i] = np.nan
        confidence[i] = np.nan
        predicted[i] = -1
        if np.isnan(scores[i, 0]):
            continue
        highest = -np.inf
        for y in range(n_classes):
            weight = priors[i, y] + sharpness * scores[i, y]
            if weight > highest:
                highest = weight
                predicted[i] = y
        label = labels[i]
        if label < 0:
            continue
        if sharpness == 0:
            # The sum of priors is 1 but for rounding, by which such records must not be ordered.
            pvi[i] = 0.0
            confidence[i] = exp(priors[i, label])
            continue
        total = 0.0
        for y in range(n_classes):
            total += exp(priors[i, y] + sharpness * scores[i, y] - highest)
        log_p = priors[i, label] + sharpness * scores[i, label] - highest - log(total)
        pvi[i] = (log_p - priors[i, label]) / log(2.0)
        confidence[i] = exp(log_p)
