"""Lexical diversity of records: type-token ratio and MTLD.

Legend: n records, T predicted positions (every token and one end mark for each record that has a
token).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from hardness.ngram.types import number_types, scratch

_THRESHOLD = (18, 25)
"""Type-token ratio at which a factor is full, 0.72: the default of McCarthy and Jarvis 2010."""


@njit(nogil=True, cache=True)
def lexical_diversity(ids, starts):
    """The type-token ratio and the MTLD of every record.

    Type-token ratio: distinct tokens / tokens. MTLD: from each end of the text, tokens / factors; a
    factor is full, and the next begins, at the token where the type-token ratio of the tokens since
    it began falls to 0.72, and what is left at the end is (1 - ratio) / (1 - 0.72) of a factor; the
    mean of both directions.

    Args:
        ids: uint64 (T,), see `hardness.ngram.tokenize.Tokens`.
        starts: int64 (n + 1,).

    Returns:
        float64 (n,) ratios in (0, 1], NaN without a token; float64 (n,) MTLD above 1, NaN also
        where no token occurs twice, as there is no part of a factor then.

    Source: McCarthy and Jarvis 2010, MTLD, vocd-D, and HD-D, Behavior Research Methods 42.
    """
    n_records = len(starts) - 1
    ratios = np.full(n_records, np.nan)
    mtld = np.full(n_records, np.nan)
    slot_keys, slot_types, types = scratch(starts)
    seen = np.empty(len(types), dtype=np.int64)
    for record in range(n_records):
        n_tokens = starts[record + 1] - starts[record] - 1
        if n_tokens < 1:
            continue
        tokens = ids[starts[record] : starts[record + 1] - 1]
        n_types = number_types(tokens, slot_keys, slot_types, types)
        ratios[record] = n_types / n_tokens
        if n_types < n_tokens:
            own, last = types[:n_tokens], seen[:n_types]
            ahead, back = _factors(own, last), _factors(own[::-1], last)
            mtld[record] = (n_tokens / ahead + n_tokens / back) / 2
    return ratios, mtld


@njit(nogil=True, cache=True)
def _factors(types, last):
    """Factors of a text, the partial one included; last is scratch, an entry a type."""
    at, of = _THRESHOLD
    last.fill(-1)
    factors = 0.0
    begin = 0
    n_types = 0
    for i in range(len(types)):
        n_types += last[types[i]] < begin
        last[types[i]] = i
        if of * n_types <= at * (i - begin + 1):
            factors += 1.0
            begin = i + 1
            n_types = 0
    left = len(types) - begin
    if left > 0:
        factors += (1.0 - n_types / left) / (1.0 - at / of)
    return factors
