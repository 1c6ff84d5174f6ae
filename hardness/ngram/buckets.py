"""Bags of hashed n-grams.

Legend: n records, T predicted positions (every token and one end mark for each record that has a
token), M buckets.
"""

from __future__ import annotations

import numpy as np
from numba import int64, njit, uint64

from hardness.ngram.hashing import extend


@njit(nogil=True, cache=True)
def count_buckets(ids, starts, order, n_buckets):
    """How many n-grams of 1 to `order` tokens fall into each bucket.

    N-grams lie within a record and have neither begin nor end marks.

    Args:
        ids: uint64 (T,), see `hardness.ngram.tokenize.Tokens`.
        starts: int64 (n + 1,).
        order: at least 1.
        n_buckets: M.

    Returns:
        int64 (M,).
    """
    counts = np.zeros(n_buckets, dtype=np.int64)
    for record in range(len(starts) - 1):
        end = starts[record + 1] - 1
        for first in range(starts[record], end):
            key = ids[first]
            counts[int64(key % uint64(n_buckets))] += 1
            for last in range(first + 1, min(first + order, end)):
                key = extend(key, ids[last])
                counts[int64(key % uint64(n_buckets))] += 1
    return counts


@njit(nogil=True, cache=True)
def sum_buckets(ids, starts, order, weights):
    """The sum of the weights of every record's n-grams, and their number.

    Args:
        ids, starts, order: as for `count_buckets`.
        weights: float64 (M,), of the buckets.

    Returns:
        float64 (n,) and int64 (n,).
    """
    n_records = len(starts) - 1
    sums = np.zeros(n_records)
    n_ngrams = np.zeros(n_records, dtype=np.int64)
    n_buckets = uint64(len(weights))
    for record in range(n_records):
        end = starts[record + 1] - 1
        for first in range(starts[record], end):
            key = ids[first]
            sums[record] += weights[int64(key % n_buckets)]
            n_ngrams[record] += 1
            for last in range(first + 1, min(first + order, end)):
                key = extend(key, ids[last])
                sums[record] += weights[int64(key % n_buckets)]
                n_ngrams[record] += 1
    return sums, n_ngrams


def log_ratios(target: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """What an n-gram of each bucket adds to the log importance weight.

        ln( (t + 1) / (sum t + M) ) - ln( (r + 1) / (sum r + M) )

    Args:
        target, raw: int64 (M,) counts t and r.

    Returns:
        float64 (M,), nats.
    """
    size = len(raw)
    likelier = np.log((target + 1.0) / (target.sum() + size))
    return likelier - np.log((raw + 1.0) / (raw.sum() + size))
