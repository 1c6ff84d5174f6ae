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
the one before it, so each position takes no longer than it has classes.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np
from numba import float64, int64, njit, uint64

from hardness.ngram.class_count import FIRST, Rows, is_pooled, large, small
from hardness.ngram.keys import ngram_key

_LEAST, _MOST = 1e-250, 1e250
"""A running product beyond these is turned into a logarithm. A factor is at least 1/5 and at most
D, so the product stays a normal number for any D below 1e50."""


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
        classes: int64, the classes that are held out with a record, and beside them
        tokens, records: int64, by how much N_y and R_y fall.
        types: int64 (n,), by how much V falls.
    """

    bounds: np.ndarray
    classes: np.ndarray
    tokens: np.ndarray
    records: np.ndarray
    types: np.ndarray


@njit(nogil=True, cache=True)
def log_likelihoods(
    ids, starts, labels, rows, own_rows, hold_record, fitted, held, chosen, scores, priors
):
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
        held: what is held out; no records with no positions in `own_rows`.
        chosen: int64 (m,), the records to score.
        scores: float64 (m, C), filled with LL_y, in nats; NaN where the record has no token or
            nothing is left to fit.
        priors: float64 (m, C), filled with ln prior_y.
    """
    n_orders = rows.values.shape[0]
    n_classes = scores.shape[1]
    longest = 1
    for record in chosen:
        longest = max(longest, starts[record + 1] - starts[record])
    table = _scratch(longest if hold_record else 1)
    own = np.zeros((n_orders, longest if hold_record else 1), dtype=np.int64)
    here = np.zeros((n_orders, n_classes), dtype=np.int64)
    before = np.zeros((n_orders, n_classes), dtype=np.int64)
    tokens, records = fitted.tokens.copy(), fitted.records.copy()
    present = np.empty((2, n_classes), dtype=np.int64)
    stamps = np.zeros(n_classes, dtype=np.int64)
    stamp = int64(0)
    for i in range(len(chosen)):
        record = chosen[i]
        start = starts[record]
        length = starts[record + 1] - start
        label = labels[record] if hold_record else -1
        types = fitted.types[0]
        if label >= 0:
            stamp = _count_own(ids, start, length, rows.values, table, stamp, own)
            tokens[label] -= length
            records[label] -= length > 0
            types -= _own_types(rows.values[0], own[0], start, length)
        elif len(held.types) > 0:
            types -= held.types[record]
            for pair in range(held.bounds[record], held.bounds[record + 1]):
                tokens[held.classes[pair]] -= held.tokens[pair]
                records[held.classes[pair]] -= held.records[pair]
        _log_priors(records, priors[i])
        if length == 0 or records.sum() == 0:
            scores[i] = np.nan
        else:
            _score_record(
                start, length, label, rows, own_rows, own, tokens, records, types,
                here, before, present, stamps, scores[i],
            )  # fmt: skip
        if label >= 0:
            tokens[label] += length
            records[label] += length > 0
        elif len(held.types) > 0:
            for pair in range(held.bounds[record], held.bounds[record + 1]):
                tokens[held.classes[pair]] += held.tokens[pair]
                records[held.classes[pair]] += held.records[pair]


@njit(nogil=True, cache=True)
def _log_priors(records, out):
    total = float64(records.sum() + len(records))
    for y in range(len(records)):
        out[y] = log((records[y] + 1) / total)


@njit(nogil=True, cache=True)
def _score_record(
    start, length, label, rows, own_rows, own, tokens, records, types,
    here, before, present, stamps, out,
):  # fmt: skip
    """Fill out float64 (C,) with LL_y.

    `here` and `before` are int64 (K, C) of zeros, for the counts at a position and the one before;
    `present` int64 (2, C) takes the classes they have, and `stamps` int64 (C,) tells those of
    `here`.
    """
    n_orders, n_classes = here.shape
    products = np.ones(n_classes, dtype=np.float64)
    out[:] = 0.0
    n_before = 0
    stamps.fill(-1)
    for i in range(length):
        t = start + i
        now = i & 1
        n_here = _add_row(rows, 0, t, here, present[now])
        for j in range(n_here):
            stamps[present[now, j]] = i
        for k in range(1, n_orders):
            _add_row(rows, k, t, here, present[now, :0])
        if label >= 0:
            for k in range(n_orders):
                here[k, label] -= own[k, i]
        elif own_rows.values.shape[1] > 0:
            for k in range(n_orders):
                _subtract_row(own_rows, k, t, here)
        if i == 0:
            for y in range(n_classes):
                _multiply(y, True, here, before, tokens, records, types, products, out)
        else:
            for j in range(n_here):
                y = present[now, j]
                _multiply(y, False, here, before, tokens, records, types, products, out)
            for j in range(n_before):
                y = present[1 - now, j]
                if stamps[y] != i:
                    _multiply(y, False, here, before, tokens, records, types, products, out)
        for j in range(n_before):
            before[:, present[1 - now, j]] = 0
        here, before = before, here
        n_before = n_here
    for j in range(n_before):
        before[:, present[(length - 1) & 1, j]] = 0
    for y in range(n_classes):
        denominator = float64(tokens[y] + types + 1)
        out[y] += log(products[y]) - length * log(denominator)


@njit(inline="always")
def _multiply(y, at_start, here, before, tokens, records, types, products, logs):
    """Take the position's factor D P into the product of class y."""
    shares = 0.0
    n_defined = 1
    for k in range(1, here.shape[0]):
        # Every fitted record begins with `<s>`, so that is the context's count at the start.
        context = records[y] if at_start else before[k - 1, y]
        if context == 0:
            break  # a longer context cannot have been seen either
        shares += here[k, y] / float64(context)
        n_defined += 1
    denominator = float64(tokens[y] + types + 1)
    product = products[y] * ((here[0, y] + 1 + denominator * shares) / n_defined)
    if product < _LEAST or product > _MOST:
        logs[y] += log(product)
        product = 1.0
    products[y] = product


@njit(inline="always")
def _add_row(rows, k, t, counts, present):
    """Add the row of order k + 1 at position t to counts int64 (K, C).

    Returns:
        The number of its classes, which are in `present` unless that has length 0.
    """
    value = rows.values[k, t]
    if not is_pooled(value):
        if large(value) == 0:
            return 0
        counts[k, small(value)] += large(value)
        if len(present) > 0:
            present[0] = small(value)
        return 1
    at = rows.bases[k, small(value)] + large(value)
    n_pairs = int64(rows.pool[at])
    for pair in range(n_pairs):
        y = int64(rows.pool[at + 1 + 2 * pair])
        counts[k, y] += int64(rows.pool[at + 2 + 2 * pair])
        if len(present) > 0:
            present[pair] = y
    return n_pairs


@njit(inline="always")
def _subtract_row(rows, k, t, counts):
    value = rows.values[k, t]
    if not is_pooled(value):
        counts[k, small(value)] -= large(value)
        return
    at = rows.bases[k, small(value)] + large(value)
    for pair in range(int64(rows.pool[at])):
        counts[k, int64(rows.pool[at + 1 + 2 * pair])] -= int64(rows.pool[at + 2 + 2 * pair])


@njit(nogil=True, cache=True)
def count_exclusive_class_types(starts, rows, own_rows, out):
    """For each record, the types whose first counted place is there and that nothing held in has.

    Summed over what is held out together, this is by how much V falls.

    Args:
        starts: int64 (n + 1,).
        rows, own_rows: counts of the unigrams, and those within what is held out.
        out: int64 (n,), filled.
    """
    for record in range(len(starts) - 1):
        out[record] = 0
        for t in range(starts[record], starts[record + 1]):
            if rows.values[0, t] & FIRST:
                out[record] += _total(rows, t) == _total(own_rows, t)


@njit(inline="always")
def _total(rows, t):
    value = rows.values[0, t]
    if not is_pooled(value):
        return large(value)
    at = rows.bases[0, small(value)] + large(value)
    total = int64(0)
    for pair in range(int64(rows.pool[at])):
        total += int64(rows.pool[at + 2 + 2 * pair])
    return total


@njit(inline="always")
def _own_types(values, own, start, length):
    """How many types only this record has: all of their places are in it, and so in its class."""
    n_types = int64(0)
    for i in range(length):
        value = values[start + i]
        n_types += (value & FIRST) != 0 and not is_pooled(value) and large(value) == own[i]
    return n_types


@njit(nogil=True, cache=True)
def _scratch(longest):
    """Keys, stamps and counts of a hash table with room for a record of `longest` positions."""
    capacity = 16
    while capacity < 2 * longest:
        capacity *= 2
    return (
        np.empty(capacity, dtype=np.uint64),
        np.zeros(capacity, dtype=np.int64),
        np.empty(capacity, dtype=np.int64),
    )


@njit(nogil=True, cache=True)
def _count_own(ids, start, length, values, table, stamp, own):
    """Fill own int64 (K, >= length) with how often each position's k-gram occurs in the record.

    An entry of the table is in use where it has the stamp of the moment, so that nothing has to be
    cleared; the last stamp is given and returned.
    """
    slot_keys, slot_stamps, slot_counts = table
    capacity = 16
    while capacity < 2 * length:
        capacity *= 2
    mask = uint64(capacity - 1)
    for k in range(values.shape[0]):
        stamp += 1
        for i in range(length):
            if _occurs_once(values[k, start + i]):
                own[k, i] = -1
                continue
            key = ngram_key(ids, start, start + i, k + 1)
            slot = key & mask
            while slot_stamps[slot] == stamp and slot_keys[slot] != key:
                slot = (slot + uint64(1)) & mask
            if slot_stamps[slot] != stamp:
                slot_stamps[slot] = stamp
                slot_keys[slot] = key
                slot_counts[slot] = 0
            slot_counts[slot] += 1
            own[k, i] = slot
        for i in range(length):
            own[k, i] = 1 if own[k, i] < 0 else slot_counts[own[k, i]]
    return stamp


@njit(inline="always")
def _occurs_once(value):
    return not is_pooled(value) and large(value) == 1


def no_rows(n_orders: int) -> Rows:
    """Rows of no position."""
    return Rows(
        values=np.empty((n_orders, 0), dtype=np.uint64),
        pool=np.empty(0, dtype=np.uint32),
        bases=np.zeros((n_orders, 0), dtype=np.int64),
    )


def no_held() -> Held:
    """What is held out of no record."""
    nothing = np.empty(0, dtype=np.int64)
    return Held(np.zeros(1, dtype=np.int64), nothing, nothing, nothing, nothing)
