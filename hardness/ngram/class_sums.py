"""Sums over the fitted records of each class, less what is held out with a record.

Legend: n records, C classes, D = N_y + V + 1; see `hardness.ngram.class_score`.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np
from numba import float64, int64, njit

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
    """By how much the sums fall for each record, by what is held out with it.

    Attributes:
        bounds: int64 (n + 1,), where the pairs of each record begin and end.
        classes: int64, the classes that are held out with a record, in order, and beside them
        tokens, records: int64, by how much N_y and R_y fall.
        types: int64 (n,), by how much V falls; (0,) where nothing is held out, or where it is the
            record itself, whose types are counted when it is scored.
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


def no_held(n_records: int) -> Held:
    """What is held out of so many records if nothing is."""
    nothing = np.empty(0, dtype=np.int64)
    return Held(np.zeros(n_records + 1, dtype=np.int64), nothing, nothing, nothing, nothing)


def records_held(starts: np.ndarray, labels: np.ndarray) -> Held:
    """What is held out with each record if that is the record itself.

    Args:
        starts: int64 (n + 1,).
        labels: int32 (n,), less than 0 for records with no class, of which nothing is counted.
    """
    counted = labels >= 0
    tokens = np.diff(starts)[counted]
    bounds = np.concatenate([[0], np.cumsum(counted)])
    nothing = np.empty(0, dtype=np.int64)
    return Held(bounds, labels[counted].astype(np.int64), tokens, (tokens > 0) * 1, nothing)


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


@njit(inline="always")
def hold(tokens, records, held_classes, held_tokens, held_records, begin, end):
    """Hold out the pairs from begin to end; returns how many records these are."""
    n_records = int64(0)
    for pair in range(begin, end):
        tokens[held_classes[pair]] -= held_tokens[pair]
        records[held_classes[pair]] -= held_records[pair]
        n_records += held_records[pair]
    return n_records


@njit(inline="always")
def take_back(tokens, records, held_classes, held_tokens, held_records, begin, end):
    """Undo `hold`."""
    for pair in range(begin, end):
        tokens[held_classes[pair]] += held_tokens[pair]
        records[held_classes[pair]] += held_records[pair]


@njit(inline="always")
def fill_log_priors(records, log_priors, held_classes, begin, end, n_left, out, i):
    """Fill row i of out, float64 (m, C), with ln prior_y, where `n_left` records are held in."""
    log_total = log(float64(n_left + len(records)))
    for y in range(len(records)):
        out[i, y] = log_priors[y] - log_total
    for pair in range(begin, end):
        y = held_classes[pair]
        out[i, y] = log(float64(records[y] + 1)) - log_total


@njit(inline="always")
def divide_by_denominators(
    denominators, log_denominators, held_classes, begin, end, types_less, length, out, i
):
    """Take length times ln D from every logarithm; what is held out comes in order of class."""
    for y in range(len(denominators)):
        if begin < end and held_classes[begin] == y:
            log_d = log(denominators[y])
            begin += 1
        elif types_less >= _CACHED_TYPES:
            log_d = log(denominators[y])
        else:
            log_d = log_denominators[types_less, y]
            if log_d != log_d:
                log_d = log(denominators[y])
                log_denominators[types_less, y] = log_d
        out[i, y] -= length * log_d
