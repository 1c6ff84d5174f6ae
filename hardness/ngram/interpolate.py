"""Even linear interpolation of n-gram probabilities, with records or groups held out.

Legend: n records, T predicted positions, K the order of the model.

    P_1(w)   = (c(w) + 1) / (N + V + 1)
    P_k(w|u) = c(uw) / h(u)                   for 2 <= k <= K; undefined where h(u) = 0
    P        = the mean of the defined P_k
    nll      = -(1/T_i) sum ln P over the T_i predicted positions of record i, in nats

Counts c, context totals h, the number of predicted tokens N and of predicted types V are those of
the fitted records less what is held out.
"""

from __future__ import annotations

from math import log

import numpy as np
from numba import float64, int64, njit, uint64

from hardness.ngram.count import FIRST
from hardness.ngram.hashing import extend
from hardness.ngram.keys import ngram_key

_UNDERFLOW_GUARD = 1e-250
"""A running product of probabilities below this is turned into a logarithm. One factor is at least
1 / (5·(N + V + 1)), so the product stays a normal number for any N below 1e50."""


_SHORT = 64
"""Up to this many positions, comparing all pairs of a record beats a hash table."""


@njit(nogil=True, cache=True)
def score_records(
    ids, starts, order_counts, own_counts, hold_record, totals, held_tokens, held_types, nll, n_oov
):
    """Score every record under the model of the fitted records less what is held out.

    Args:
        ids: uint64 (T,), see `Tokens`.
        starts: int64 (n + 1,).
        order_counts: unsigned (K, T), 2·count + `FIRST` of the k-gram that ends at each position,
            over all fitted records.
        own_counts: unsigned (K, T), 2·count of the same n-gram within what is held out with the
            record; (K, 0) where nothing is, or where it is the record alone.
        hold_record: hold out the record itself.
        totals: int64 (3,), over the fitted records: N, V and the number of records with a token.
        held_tokens, held_types: int64 (n,), by how much N and V fall for each record; (0,) with
            (K, 0) own counts.
        nll: float64 (n,), filled; NaN where the record has no token or nothing is fitted.
        n_oov: int64 (n,), filled: tokens, `</s>` aside, that are nowhere outside what is held out.
    """
    n_orders = order_counts.shape[0]
    longest = 1
    for record in range(len(starts) - 1):
        longest = max(longest, starts[record + 1] - starts[record])
    own = np.zeros((n_orders, longest), dtype=np.int64)
    table = _scratch(longest if hold_record else 1)
    stamp = int64(0)
    for record in range(len(starts) - 1):
        start = starts[record]
        length = starts[record + 1] - start
        n_tokens, n_types, n_records = totals[0], totals[1], totals[2]
        if hold_record:
            stamp = count_own(ids, start, length, order_counts, table, stamp, own)
            n_tokens -= length
            for i in range(length):
                n_types -= _is_exclusive(order_counts[0, start + i], own[0, i])
            n_records -= 1
        elif own_counts.shape[1] > 0:
            for k in range(n_orders):
                for i in range(length):
                    own[k, i] = own_counts[k, start + i] >> 1
            n_tokens -= held_tokens[record]
            n_types -= held_types[record]
            # Each record has one `</s>`, so its count is the number of records.
            n_records -= own[0, length - 1] if length > 0 else 0
        n_oov[record] = 0
        nll[record] = np.nan
        if length == 0 or n_tokens <= 0:
            continue
        denominator = float64(n_tokens + n_types + 1)
        log_total = 0.0
        product = 1.0
        for i in range(length):
            t = start + i
            count = int64(order_counts[0, t] >> 1) - own[0, i]
            n_oov[record] += count == 0 and i < length - 1
            total = (count + 1) / denominator
            n_defined = 1
            for k in range(1, n_orders):
                context = n_records
                if i > 0:
                    context = int64(order_counts[k - 1, t - 1] >> 1) - own[k - 1, i - 1]
                if context == 0:
                    break  # a longer context cannot have been seen either
                total += (int64(order_counts[k, t] >> 1) - own[k, i]) / float64(context)
                n_defined += 1
            product *= total / n_defined
            if product < _UNDERFLOW_GUARD:
                log_total += log(product)
                product = 1.0
        nll[record] = -(log_total + log(product)) / length


@njit(nogil=True, cache=True)
def count_exclusive_types(starts, unigram_counts, own, out):
    """For each record, the types whose first position is there and that nothing held in has.

    Summed over what is held out together, this is by how much V falls.

    Args:
        starts: int64 (n + 1,).
        unigram_counts, own: unsigned (T,), 2·count + `FIRST` over all fitted records, and 2·count
            within what is held out with the record.
        out: int64 (n,), filled.
    """
    for record in range(len(starts) - 1):
        out[record] = 0
        for t in range(starts[record], starts[record + 1]):
            out[record] += _is_exclusive(unigram_counts[t], own[t] >> 1)


@njit(inline="always")
def _is_exclusive(counted, own):
    return (counted & FIRST) == FIRST and int64(counted >> 1) == int64(own)


@njit(nogil=True, cache=True)
def _scratch(longest):
    """Keys, stamps and counts of a hash table with room for a record of `longest` positions."""
    capacity = _capacity(longest)
    return (
        np.empty(capacity, dtype=np.uint64),
        np.zeros(capacity, dtype=np.int64),
        np.empty(capacity, dtype=np.int64),
    )


@njit(inline="always")
def _capacity(length):
    capacity = 2
    while capacity < 2 * length:
        capacity *= 2
    return capacity


@njit(nogil=True, cache=True)
def count_own(ids, start, length, order_counts, table, stamp, own):
    """Count how often each n-gram of one record occurs in that record.

    An n-gram is at most as frequent as the n-grams of one token less that it contains, and as it
    is over all records, so most of the long ones are known to occur once without being looked at.
    The rest are compared pair by pair in a short record, which vectorises, and counted in a hash
    table in a long one, which is linear in its length.

    Args:
        ids: uint64 (T,).
        start, length: the record's positions.
        order_counts: unsigned (K, T), 2·count + `FIRST` over all fitted records.
        table: from `_scratch`; an entry is in use where its stamp is the stamp of the moment, so
            that nothing has to be cleared.
        stamp: the last stamp used.
        own: int64 (K, >= length), filled.

    Returns:
        The last stamp used.
    """
    if length <= _SHORT:
        slot_keys, _, _ = table
        _count_own_by_pairs(ids[start : start + length], order_counts.shape[0], slot_keys, own)
        return stamp
    for k in range(order_counts.shape[0]):
        stamp += 1
        _count_own_by_table(ids, start, length, order_counts, table, stamp, k, own)
    return stamp


@njit(nogil=True, cache=True)
def _count_own_by_pairs(ids, n_orders, keys, own):
    length = len(ids)
    keys = keys[:length]
    for i in range(length):
        keys[i] = ids[i]
    for k in range(n_orders):
        if k > 0:
            for i in range(length - 1, 0, -1):
                keys[i] = extend(keys[i - 1], ids[i])
        for i in range(length):
            # The first k positions have `<s>` in their n-gram and so occur once.
            if k > 0 and (i < k or own[k - 1, i] == 1 or own[k - 1, i - 1] == 1):
                own[k, i] = 1
                continue
            key = keys[i]
            n_same = 0
            for j in range(length):
                n_same += keys[j] == key
            own[k, i] = n_same


@njit(nogil=True, cache=True)
def _count_own_by_table(ids, start, length, order_counts, table, stamp, k, own):
    slot_keys, slot_stamps, slot_counts = table
    mask = uint64(_capacity(length) - 1)
    for i in range(length):
        if _occurs_once(order_counts, own, start, k, i):
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
        own[k, i] = 1 if _occurs_once(order_counts, own, start, k, i) else slot_counts[own[k, i]]


@njit(inline="always")
def _occurs_once(order_counts, own, start, k, i):
    if order_counts[k, start + i] <= 2 + FIRST:
        return True
    return k > 0 and (own[k - 1, i] == 1 or (i > 0 and own[k - 1, i - 1] == 1))
