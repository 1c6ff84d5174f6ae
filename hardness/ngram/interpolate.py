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
from numba import float64, int64, njit

from hardness.ngram.count import FIRST
from hardness.ngram.own_counts import count_own, own_room

_UNDERFLOW_GUARD = 1e-250
"""A running product of probabilities below this is turned into a logarithm. One factor is at least
1 / (5·(N + V + 1)), so the product stays a normal number for any N below 1e50."""


def score_records(
    ids: np.ndarray,
    starts: np.ndarray,
    order_counts: np.ndarray,
    own_counts: np.ndarray,
    hold_record: bool,
    totals: np.ndarray,
    held_tokens: np.ndarray,
    held_types: np.ndarray,
    nll: np.ndarray,
    n_oov: np.ndarray,
) -> None:
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
    longest = int(np.diff(starts).max(initial=1))
    _score_records(
        ids,
        starts,
        order_counts,
        own_counts,
        hold_record,
        totals,
        held_tokens,
        held_types,
        *own_room(len(order_counts), longest),
        nll,
        n_oov,
    )


@njit(nogil=True, cache=True)
def _score_records(
    ids, starts, order_counts, own_counts, hold_record, totals, held_tokens, held_types,
    own, often, last, scratch, nll, n_oov,
):  # fmt: skip
    n_orders = order_counts.shape[0]
    stamp = int64(1)
    for record in range(len(starts) - 1):
        start = starts[record]
        length = starts[record + 1] - start
        n_tokens, n_types, n_records = totals[0], totals[1], totals[2]
        if hold_record:
            for k in range(n_orders):
                for i in range(length):
                    often[k, i] = order_counts[k, start + i] > 2 + FIRST
            stamp = count_own(ids, start, length, own, often, last, scratch, stamp)
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
