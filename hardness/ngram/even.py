"""The even interpolation of all orders in the form of a back-off model.

Legend: K the order of the model, D listed n-grams, see `hardness.ngram.distinct`.

    P_k(w|u) = c(uw) / h(u)    for k > 1, and P_1 as in `hardness.ngram.interpolate`
    P(w|u)   = the mean of the P_k whose context was seen

Where the longest context seen, u, has k - 1 tokens, P is the mean of k orders. For a w seen after u
that is P_k(w|u) / k + (k - 1) / k · P(w|u'), and for one not seen after u just the second term: a
back-off weight of (k - 1) / k. A context not seen has weight 1. So the back-off model is exact for
every context and every token.

At the beginning of a record the contexts of all higher orders are padded with further `<s>`; they
were seen whenever the unpadded one was, with the same counts. So the P_k of an n-gram that begins
with `<s>` counts K - k + 1 times: P = (K - k + 1) / K · P_k + (k - 1) / K · P(w|u').
"""

from __future__ import annotations

import numpy as np


def unigram_probability(counts: np.ndarray, n_tokens: int, n_types: int) -> np.ndarray:
    """float32: P_1, (c + 1) / (N + V + 1); a count of 0 gives that of `<unk>`."""
    return ((counts + 1.0) / (n_tokens + n_types + 1.0)).astype(np.float32)


def share_of(ratios: np.ndarray, depths: np.ndarray, order: int, highest: int) -> np.ndarray:
    """float32 (D,): what P_k itself adds to P.

    Args:
        ratios: float32 (D,), c(uw) / h(u).
        depths: uint8 (D,).
        order: k.
        highest: K.
    """
    begins = depths == order - 2
    factors = np.where(begins, (highest - order + 1) / highest, 1 / order)
    return (ratios * factors).astype(np.float32)


def weight_of(depths: np.ndarray, order: int, highest: int) -> np.ndarray:
    """float32 (D,): how much of P(w|u') is in P(w|u).

    Args:
        depths: uint8 (D,).
        order: k.
        highest: K.
    """
    begins = depths == order - 2
    return np.where(begins, (order - 1) / highest, (order - 1) / order).astype(np.float32)


def back_off_of(seen: np.ndarray, depths: np.ndarray, order: int, highest: int) -> np.ndarray:
    """float32 (D,): back-off weight of k-grams as contexts.

    Args:
        seen: bool (D,), whether anything follows them.
        depths: uint8 (D,).
        order: k.
        highest: K.
    """
    begins = depths == order - 2
    factors = np.where(begins, order / highest, order / (order + 1))
    return np.where(seen, factors, 1.0).astype(np.float32)
