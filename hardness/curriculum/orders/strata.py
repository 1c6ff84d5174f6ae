"""Orders of strata and buckets: every record once a pass.

Legend: s the records from easy to hard (ties in input order), n their number, bucket i of k the
records s[i·n/k] to s[(i + 1)·n/k - 1] (whole parts).
"""

from __future__ import annotations

import numpy as np

from hardness.curriculum.orders.base import Buckets
from hardness.curriculum.orders.plain import easy_to_hard
from hardness.curriculum.shares import bucket_edges


def interleaved(
    hardness: np.ndarray, rng: np.random.Generator, *, epochs: int, k: Buckets
) -> np.ndarray:
    """k passes from easy to hard through disjoint strata: s[j], s[j + k], s[j + 2k], … for j < k.

    Each stratum holds every k-th record by hardness, so that all go through the whole range.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: not used.
        epochs: E, how often all of it is repeated.
        k: number of strata, at least 1; 1 is `ascending`.

    Returns:
        (E · n,) int, the index of the record at each position.

    Source: Zhang et al. 2025, "Beyond Random Sampling: Efficient Language Model Pretraining via
    Curriculum Learning", interleaved curricula. Departure: strata of equal make-up instead of
    random ones.
    """
    ranked = easy_to_hard(hardness)
    return np.tile(np.concatenate([ranked[j::k] for j in range(k)]), epochs)


def buckets(
    hardness: np.ndarray, rng: np.random.Generator, *, epochs: int, k: Buckets
) -> np.ndarray:
    """Buckets from easy to hard, shuffled inside, anew in every pass.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: of the shuffles.
        epochs: E, passes through all buckets.
        k: number of buckets, at least 1; 1 is `random`.

    Returns:
        (E · n,) int, the index of the record at each position.

    Source: Kocmi & Bojar 2017, "Curriculum Learning and Minibatch Bucketing in Neural Machine
    Translation". Departure: a bucket is finished before the next begins.
    """
    ranked = easy_to_hard(hardness)
    edges = bucket_edges(len(ranked), k)
    return np.concatenate(
        [rng.permutation(ranked[edges[i] : edges[i + 1]]) for _ in range(epochs) for i in range(k)]
    )


def onepass(
    hardness: np.ndarray, rng: np.random.Generator, *, epochs: int, k: Buckets
) -> np.ndarray:
    """Buckets from easy to hard, each trained on for all its passes before the next.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: of the shuffles, one a pass through a bucket.
        epochs: E, passes through each bucket.
        k: number of buckets, at least 1.

    Returns:
        (E · n,) int, the index of the record at each position.

    Source: Bengio et al. 2009; Cirik et al. 2016, "Visualizing and Understanding Curriculum
    Learning for Long Short-Term Memory Networks", One-Pass. Departure: E passes through a bucket
    instead of passes until the loss stops falling.
    """
    ranked = easy_to_hard(hardness)
    edges = bucket_edges(len(ranked), k)
    return np.concatenate(
        [rng.permutation(ranked[edges[i] : edges[i + 1]]) for i in range(k) for _ in range(epochs)]
    )
