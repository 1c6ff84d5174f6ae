"""Plain orders: every record once a pass."""

from __future__ import annotations

import numpy as np

from hardness.curriculum.shares import index_dtype
from hardness.sort import stable_argsort


def ascending(hardness: np.ndarray, rng: np.random.Generator, *, epochs: int) -> np.ndarray:
    """Easy to hard, the same in every pass; equal hardness keeps input order.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: not used.
        epochs: E, passes.

    Returns:
        (E · n,) int, the index of the record at each position.

    Source: Bengio et al. 2009, "Curriculum Learning".
    """
    return np.tile(easy_to_hard(hardness), epochs)


def descending(hardness: np.ndarray, rng: np.random.Generator, *, epochs: int) -> np.ndarray:
    """Hard to easy, the anti-curriculum; equal hardness keeps input order.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: not used.
        epochs: E, passes.

    Returns:
        (E · n,) int, the index of the record at each position.
    """
    return np.tile(easy_to_hard(-hardness), epochs)


def random(hardness: np.ndarray, rng: np.random.Generator, *, epochs: int) -> np.ndarray:
    """A uniformly random permutation a pass, the baseline that every curriculum must beat.

    Args:
        hardness: (n,) f64; only its length is used.
        rng: the source of the permutations, one after the other.
        epochs: E, passes.

    Returns:
        (E · n,) int, the index of the record at each position. The passes are those that fewer
        or more of them would begin with.
    """
    n = len(hardness)
    dtype = index_dtype(n)
    passes = [rng.permutation(n).astype(dtype, copy=False) for _ in range(epochs)]
    return np.concatenate(passes)


def easy_to_hard(hardness: np.ndarray) -> np.ndarray:
    """(n,) int32 or int64: the stable ascending argsort."""
    return stable_argsort(hardness).astype(index_dtype(len(hardness)), copy=False)
