"""How rare the words of records are.

Legend: n records, T predicted positions (every token and one end mark for each record that has a
token).
"""

from __future__ import annotations

from math import log

import numpy as np
from numba import int64, njit

from hardness.ngram.types import number_types, scratch


@njit(nogil=True, cache=True)
def word_rarity(ids, starts, counts, leave_out, n_tokens, n_types):
    """Mean surprise of a record's tokens under add-one unigram frequencies, in nats.

        rarity = -1/n sum_w ln( (c(w) + 1) / (N + V + 1) )

    The + 1 in the denominator is the unknown type's. End marks are neither counted nor scored.

    Args:
        ids: uint64 (T,), see `hardness.ngram.tokenize.Tokens`.
        starts: int64 (n + 1,).
        counts: unsigned (T,), 2 * count + a bit that is not read, as
            `hardness.stages.ngram.NgramCounts` returns them.
        leave_out: take each record's own tokens out of c, N and V, to the bit as if the others had
            been counted alone.
        n_tokens: N, counted tokens.
        n_types: V, counted types.

    Returns:
        float64 (n,), at least 0, higher is rarer; NaN without a token and where nothing is counted.

    Source: P1 of `perplexity`, without the end mark.
    """
    n_records = len(starts) - 1
    rarity = np.full(n_records, np.nan)
    slot_keys, slot_types, types = scratch(starts)
    own_counts = np.empty(len(types), dtype=np.int64)
    for record in range(n_records):
        start = starts[record]
        n_own = starts[record + 1] - start - 1
        if n_own < 1:
            continue
        own = own_counts[: number_types(ids[start : start + n_own], slot_keys, slot_types, types)]
        own.fill(0)
        left_tokens, left_types = int64(n_tokens), int64(n_types)
        if leave_out:
            for i in range(n_own):
                own[types[i]] += 1
            left_tokens -= n_own
            left_types -= _n_exclusive(types[:n_own], counts[start : start + n_own], own)
        if left_tokens < 1:
            continue
        size = log(float(left_tokens + left_types + 1))
        total = 0.0
        for i in range(n_own):
            count = int64(counts[start + i] >> 1) - own[types[i]]
            total += size - log(float(count + 1))
        rarity[record] = total / n_own
    return rarity


@njit(nogil=True, cache=True)
def _n_exclusive(types, counts, own):
    """Types all of whose tokens are the record's own."""
    n_exclusive = 0
    due = 0  # types are numbered in the order of their first places
    for i in range(len(types)):
        if types[i] == due:
            due += 1
            n_exclusive += int64(counts[i] >> 1) == own[types[i]]
    return n_exclusive
