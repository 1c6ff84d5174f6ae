"""Log-likelihoods of records under one evenly interpolated model a class, with records held out.

Legend: n records, T predicted positions, K the order of the models, C classes.

    P_1(w|y)    = (c_y(w) + 1) / (N_y + V + 1)
    P_k(w|u, y) = c_y(uw) / h_y(u)             for 2 <= k <= K; undefined where h_y(u) = 0
    P(w|u, y)   = the mean of the defined P_k
    LL_y(x)     = sum ln P over the positions of x, in nats
    prior_y     = (R_y + 1) / (R + C)

Counts c_y, context totals h_y, the number of predicted tokens N_y and of records R_y are those of
the fitted records of class y less what is held out; R = sum R_y. V, the number of distinct
predicted types, is that of the fitted records of all classes less what is held out: add-one
smoothing over each class's own types would give a type that neither class has seen different
weights for no other reason than how many types a class has. The add-one in the prior keeps a class
defined whose only record is held out.

A position adds a factor of D P to the likelihood of a class, with D = N_y + V + 1, and the whole
record D to the power of -T. That factor is exactly 1 where a class has seen neither the word nor
the one before it, so a position takes no longer than it has classes.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np
from numba import float64, int64, njit

from hardness.ngram.class_own import own_types
from hardness.ngram.class_rows import Rows, is_pooled, large, occurs_once, small
from hardness.ngram.class_sums import (
    Fitted,
    Held,
    divide_by_denominators,
    fill_log_priors,
    hold,
    open_sums,
    take_back,
)
from hardness.ngram.own_counts import count_own, own_room

_LEAST, _MOST = 1e-100, 1e100
_UNGUARDED = 8
"""Every so many positions, running products beyond these are turned into logarithms. A factor is
at least 1/5 and at most D, so products stay normal numbers for any D below 1e25."""

_RECIPROCALS = 1.0 / np.arange(1, 6)
"""Of the number of defined probabilities."""


class _Scratch(NamedTuple):
    """Room for one record.

    Attributes:
        counts: float64 (2, K, C) of zeros: counts at a position and the one before it, by turns.
        depths: int64 (2, C) of zeros: how many orders have a context there for the next position.
        present: int64 (2, C): the classes with counts there.
        shares: float64 (C,) of zeros: the sum of P_k for k > 1 at the position.
        stamps: int64 (C,): the last position where each class was present.
        products: float64 (C,).
    """

    counts: np.ndarray
    depths: np.ndarray
    present: np.ndarray
    shares: np.ndarray
    stamps: np.ndarray
    products: np.ndarray


def log_likelihoods(
    ids: np.ndarray,
    starts: np.ndarray,
    labels: np.ndarray,
    rows: Rows,
    own_rows: Rows,
    hold_record: bool,
    fitted: Fitted,
    held: Held,
    chosen: np.ndarray,
    scores: np.ndarray,
    priors: np.ndarray,
) -> None:
    """LL_y and ln prior_y of chosen records for every class.

    Args:
        ids: uint64 (T,), see `Tokens`.
        starts: int64 (n + 1,).
        labels: int32 (n,), the class of each record, or less than 0 for none.
        rows: the counts of the k-grams that end at each position.
        own_rows: the same within what is held out; no positions where nothing is, or where it is
            the record alone.
        hold_record: hold out the record itself, if it has a class.
        fitted: sums over the fitted records.
        held: what is held out.
        chosen: int64 (m,), the records to score.
        scores: float64 (m, C), filled with LL_y, in nats; NaN where the record has no token or
            nothing is left to fit.
        priors: float64 (m, C), filled with ln prior_y.
    """
    n_orders, n_classes = rows.values.shape[0], scores.shape[1]
    longest = int(np.diff(starts)[chosen].max(initial=1)) if hold_record else 1
    _log_likelihoods(
        ids,
        starts,
        labels,
        *rows,
        *own_rows,
        hold_record,
        int(fitted.records.sum()),
        int(fitted.types[0]),
        *held,
        chosen,
        *own_room(n_orders, longest),
        *open_sums(fitted),
        *_scratch(n_orders, n_classes),
        scores,
        priors,
    )


@njit(nogil=True, cache=True)
def _log_likelihoods(
    ids, starts, labels, values, pool, bases, own_values, own_pool, own_bases, hold_record,
    n_records, n_types, held_bounds, held_classes, held_tokens, held_records, held_types, chosen,
    own, often, last, room, tokens, records, denominators, log_priors, log_denominators,
    counts, depths, present, shares, stamps, products, scores, priors,
):  # fmt: skip
    """See `log_likelihoods`, `Rows`, `Fitted`, `Held`, `OwnRoom`, `Sums` and `_Scratch`.

    All arrays come by themselves, because every look into a tuple counts references, which would
    take most of the time here, and kernels of tuples take long to compile.
    """
    stamp = int64(1)
    for i in range(len(chosen)):
        record = chosen[i]
        start = starts[record]
        length = starts[record + 1] - start
        label = int64(labels[record]) if hold_record else int64(-1)
        types_less = int64(0)
        if label >= 0:
            for k in range(values.shape[0]):
                for j in range(length):
                    often[k, j] = not occurs_once(values[k, start + j])
            stamp = count_own(ids, start, length, own, often, last, room, stamp)
            types_less = own_types(values, own, start, length)
        elif len(held_types) > 0:
            types_less = held_types[record]
        begin, end = held_bounds[record], held_bounds[record + 1]
        n_held = hold(tokens, records, held_classes, held_tokens, held_records, begin, end)
        n_left = n_records - n_held
        fill_log_priors(records, log_priors, held_classes, begin, end, n_left, priors, i)
        if length == 0 or n_left == 0:
            for y in range(len(records)):
                scores[i, y] = np.nan
        else:
            for y in range(len(records)):
                denominators[y] = float64(tokens[y] + (n_types - types_less) + 1)
            _score_record(
                start, length, label, values, pool, bases, own_values, own_pool, own_bases, own,
                records, denominators, counts, depths, present, shares, stamps, products, scores, i,
            )  # fmt: skip
            divide_by_denominators(
                denominators, log_denominators, held_classes, begin, end, types_less, length,
                scores, i,
            )  # fmt: skip
        take_back(tokens, records, held_classes, held_tokens, held_records, begin, end)


def _scratch(n_orders: int, n_classes: int) -> _Scratch:
    return _Scratch(
        np.zeros((2, n_orders, n_classes), dtype=np.float64),
        np.zeros((2, n_classes), dtype=np.int64),
        np.empty((2, n_classes), dtype=np.int64),
        np.zeros(n_classes, dtype=np.float64),
        np.empty(n_classes, dtype=np.int64),
        np.empty(n_classes, dtype=np.float64),
    )


@njit(inline="always")
def _score_record(
    start, length, label, values, pool, bases, own_values, own_pool, own_bases, own,
    records, denominators, counts, depths, present, shares, stamps, products, out, row,
):  # fmt: skip
    """Fill a row of out, float64 (m, C), with LL_y + length times ln D."""
    n_orders, n_classes = values.shape[0], out.shape[1]
    for y in range(n_classes):
        out[row, y] = 0.0
        products[y] = 1.0
        stamps[y] = -1
        # Every fitted record begins with `<s>`, so all orders have a context at the start.
        depths[1, y] = n_orders - 1 if records[y] > 0 else 0
    n_before = int64(0)
    n_here = int64(0)
    for i in range(length):
        now, last = i & 1, 1 - (i & 1)
        for k in range(n_orders):
            value = values[k, start + i]
            only, n_only = small(value), large(value)
            at = bases[k, only] + n_only if is_pooled(value) else int64(-1)
            n_pairs = int64(pool[at]) if at >= 0 else int64(n_only > 0)
            for pair in range(n_pairs):
                y = int64(pool[at + 1 + 2 * pair]) if at >= 0 else only
                n = int64(pool[at + 2 + 2 * pair]) if at >= 0 else n_only
                counts[now, k, y] += n
                if k == 0:
                    present[now, pair] = y
                    stamps[y] = i
            if k == 0:
                n_here = n_pairs
            if label >= 0:
                counts[now, k, label] -= own[k, i]
            elif own_values.shape[1] > 0:
                held = own_values[k, start + i]
                own_only, n_own_only = small(held), large(held)
                held_at = own_bases[k, own_only] + n_own_only if is_pooled(held) else int64(-1)
                for pair in range(int64(own_pool[held_at]) if held_at >= 0 else int64(1)):
                    y = int64(own_pool[held_at + 1 + 2 * pair]) if held_at >= 0 else own_only
                    n = int64(own_pool[held_at + 2 + 2 * pair]) if held_at >= 0 else n_own_only
                    counts[now, k, y] -= n
            for pair in range(n_pairs):
                y = int64(pool[at + 1 + 2 * pair]) if at >= 0 else only
                if counts[now, k, y] > 0:
                    # The longest n-grams are no contexts.
                    depths[now, y] = min(k + 1, n_orders - 1)
                    if k > 0:
                        context = counts[last, k - 1, y] if i > 0 else float64(records[y])
                        shares[y] += counts[now, k, y] / context
        if i == 0 or 2 * (n_here + n_before) > n_classes:
            for y in range(n_classes):
                products[y] *= _factor(
                    counts[now, 0, y], denominators[y], shares[y], depths[last, y]
                )
        else:
            for j in range(n_here + n_before):
                y = present[now, j] if j < n_here else present[last, j - n_here]
                if j < n_here or stamps[y] != i:
                    products[y] *= _factor(
                        counts[now, 0, y], denominators[y], shares[y], depths[last, y]
                    )
        for j in range(n_here):
            shares[present[now, j]] = 0.0
        for j in range(n_before):
            y = present[last, j]
            depths[last, y] = 0
            for k in range(n_orders):
                counts[last, k, y] = 0.0
        if i == 0:
            for y in range(n_classes):
                depths[last, y] = 0
        n_before = n_here
        if i % _UNGUARDED == _UNGUARDED - 1:
            for y in range(n_classes):
                if not _LEAST < products[y] < _MOST:
                    out[row, y] += log(products[y])
                    products[y] = 1.0
    last = (length - 1) & 1
    for j in range(n_here):
        y = present[last, j]
        depths[last, y] = 0
        for k in range(n_orders):
            counts[last, k, y] = 0.0
    for y in range(n_classes):
        out[row, y] += log(products[y])


@njit(inline="always")
def _factor(count, denominator, shares, depth):
    """D P, with `depth` orders above the first defined."""
    return (count + 1.0 + denominator * shares) * _RECIPROCALS[depth]
