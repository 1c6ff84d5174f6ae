"""A fresh random fraction of the records each epoch."""

from __future__ import annotations

from typing import Literal

import numpy as np

from hardness.curriculum.orders.base import Share
from hardness.curriculum.shares import count_of, in_turns, index_dtype


def repeat_random(
    hardness: np.ndarray,
    rng: np.random.Generator,
    *,
    epochs: int,
    f: Share,
    replace: Literal["no", "yes"] = "no",
) -> np.ndarray:
    """E random subsets of m = f · n records, each in random order.

    Args:
        hardness: (n,) f64; only its length is used.
        rng: of the subsets.
        epochs: E, subsets.
        f: share of the records in a subset, in (0, 1].
        replace: `no` draws from the records that the subsets before left over and begins anew
            when none are left, so that after 1/f epochs all have been seen; `yes` draws each
            subset from all records.

    Returns:
        (E · m,) int, the index of the record at each position.

    Source: Okanovic et al. 2024, "Repeated Random Sampling for Minimizing the Time-to-Accuracy of
    Learning", RS2 without and with replacement. Departure: without replacement, a subset that
    crosses the end of a round takes the rest from the next one, so that a record may be in it
    twice where f does not divide 1.
    """
    n = len(hardness)
    size = count_of(f, n)
    if replace == "no":
        return in_turns(n, epochs * size, rng)
    dtype = index_dtype(n)
    subsets = [rng.permutation(n)[:size].astype(dtype, copy=False) for _ in range(epochs)]
    return np.concatenate(subsets)
