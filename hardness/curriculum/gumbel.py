"""Weighted draws without replacement."""

from __future__ import annotations

import numpy as np


def heaviest(weights: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Gumbel top-k: `size` draws without replacement, each proportional to exp(weight).

    Args:
        weights: (n,) f64, logarithms of the weights; -inf comes last, and among itself at random.
        size: how many, at most n.
        rng: of the noise, n numbers for any `size`.

    Returns:
        (size,) int64, distinct indices in no particular order.

    Source: Kool et al. 2019, "Stochastic Beams and Where to Find Them", section 2.3; the same
    distribution as drawing one after the other (Efraimidis & Spirakis 2006).
    """
    n = len(weights)
    noise = rng.gumbel(size=n)
    if size >= n:
        return np.arange(n)
    keys = weights + noise
    floor = keys.min(where=np.isfinite(keys), initial=0.0)
    # Behind all others, and still in random order.
    never = ~np.isfinite(keys)
    keys[never] = floor - 1 - np.exp(-noise[never])
    return np.argpartition(-keys, size - 1)[:size]
