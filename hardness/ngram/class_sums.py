"""Sums over the fitted records of each class, less what is held out with a record.

Legend: n records, C classes, D = N_y + V + 1; see `hardness.ngram.class_score`.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np
from numba import float64, njit

_CACHED_TYPES = 32
"""Logarithms of D are kept for so many values of V, the largest ones."""


class Fitted(NamedTuple):
    """Sums over the fitted records.

    Attributes:
        tokens: int64 (C,), N_y.
        records: int64 (C,), R_y.
        types: int64 (1,), V.
    """

    tokens: np.ndarray
    records: np.ndarray
    types: np.ndarray


class Held(NamedTuple):
    """By how much the sums fall for each record, where its group is held out.

    Attributes:
        bounds: int64 (n + 1,), where the pairs of each record begin and end.
        classes: int64, the classes that are held out with a record, in order, and beside them
        tokens, records: int64, by how much N_y and R_y fall.
        types: int64 (n,), by how much V falls.
    """

    bounds: np.ndarray
    classes: np.ndarray
    tokens: np.ndarray
    records: np.ndarray
    types: np.ndarray


class Sums(NamedTuple):
    """Sums less what is held out at the moment, and logarithms of the whole ones.

    Attributes:
        tokens, records: int64 (C,), N_y and R_y.
        denominators: float64 (C,), D.
        log_priors: float64 (C,), ln (R_y + 1) with nothing held out.
        log_denominators: float64 (_CACHED_TYPES, C), ln D for V less 0, 1, ... with nothing else
            held out; NaN where not yet known.
    """

    tokens: np.ndarray
    records: np.ndarray
    denominators: np.ndarray
    log_priors: np.ndarray
    log_denominators: np.ndarray


def no_held() -> Held:
    """What is held out of no record."""
    nothing = np.empty(0, dtype=np.int64)
    return Held(np.zeros(1, dtype=np.int64), nothing, nothing, nothing, nothing)


def open_sums(fitted: Fitted) -> Sums:
    """The sums with nothing held out."""
    n_classes = len(fitted.records)
    # As kernels take logarithms, and not NumPy, which may differ in the last bit.
    log_priors = np.array([log(n + 1.0) for n in fitted.records.tolist()])
    return Sums(
        fitted.tokens.copy(),
        fitted.records.copy(),
        np.empty(n_classes, dtype=np.float64),
        log_priors,
        np.full((_CACHED_TYPES, n_classes), np.nan),
    )


@njit(nogil=True, cache=True)
def hold(sums, classes, tokens, records, sign):
    """Hold out so many tokens and records of some classes (sign -1), or take them back (1)."""
    for pair in range(len(classes)):
        sums.tokens[classes[pair]] += sign * tokens[pair]
        sums.records[classes[pair]] += sign * records[pair]


@njit(nogil=True, cache=True)
def fill_log_priors(sums, held_classes, n_left, out):
    """Fill float64 (C,) with ln prior_y, where `n_left` records are held in."""
    log_total = log(float64(n_left + len(out)))
    for y in range(len(out)):
        out[y] = sums.log_priors[y] - log_total
    for y in held_classes:
        out[y] = log(float64(sums.records[y] + 1)) - log_total


@njit(nogil=True, cache=True)
def divide_by_denominators(sums, held_classes, types_less, length, out):
    """Take length times ln D from every logarithm; what is held out comes in order of class."""
    if types_less >= _CACHED_TYPES:
        for y in range(len(out)):
            out[y] -= length * log(sums.denominators[y])
        return
    logs = sums.log_denominators[types_less]
    n_held = 0
    for y in range(len(out)):
        if n_held < len(held_classes) and held_classes[n_held] == y:
            out[y] -= length * log(sums.denominators[y])
            n_held += 1
            continue
        if np.isnan(logs[y]):
            logs[y] = log(sums.denominators[y])
        out[y] -= length * logs[y]
