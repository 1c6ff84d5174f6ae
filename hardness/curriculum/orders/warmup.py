"""A curriculum to begin with, then random order."""

from __future__ import annotations

from typing import Literal

import numpy as np

from hardness.curriculum.orders.base import Share
from hardness.curriculum.orders.plain import easy_to_hard
from hardness.curriculum.shares import count_of, index_dtype


def warmup(
    hardness: np.ndarray,
    rng: np.random.Generator,
    *,
    epochs: int,
    f: Share,
    order: Literal["ascending", "descending"] = "ascending",
) -> np.ndarray:
    """The first f of the positions in an order by hardness, the others at random.

    The part of a pass that is ordered is a random sample, so that the rest of the pass, which
    completes it, is one too: every pass holds each record once.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: of the sample and the shuffles.
        epochs: E, passes.
        f: share of all E · n positions that is ordered, in (0, 1].
        order: `ascending` or `descending`.

    Returns:
        (E · n,) int, the index of the record at each position.

    Source: Zhang et al. 2025, "Beyond Random Sampling: Efficient Language Model Pretraining via
    Curriculum Learning", curriculum as a warm-up.
    """
    n = len(hardness)
    sign = 1 if order == "ascending" else -1
    passes = []
    left = count_of(f, epochs * n)
    for _ in range(epochs):
        shuffled = rng.permutation(n).astype(index_dtype(n), copy=False)
        ordered = min(left, n)
        if ordered:
            sample = np.sort(shuffled[:ordered])  # so that ties keep input order
            shuffled[:ordered] = sample[easy_to_hard(sign * hardness[sample])]
        left -= ordered
        passes.append(shuffled)
    return np.concatenate(passes)
