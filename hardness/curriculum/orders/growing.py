"""Schedules in stages over k buckets, from easy ones to all of them.

Legend: s the records from easy to hard (ties in input order), n their number, bucket i of k the
records s[i·n/k] to s[(i + 1)·n/k - 1] (whole parts).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from hardness.curriculum.orders.base import Buckets
from hardness.curriculum.orders.plain import easy_to_hard
from hardness.curriculum.shares import bucket_edges


def babysteps(
    hardness: np.ndarray, rng: np.random.Generator, *, epochs: int, k: Buckets
) -> np.ndarray:
    """Stage i of k trains on the buckets 1 to i together, shuffled.

    A record of bucket i (from 1) occurs E · (k - i + 1) times; positions = E · (the sizes of all
    stages), about E · n · (k + 1) / 2.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: of the shuffles, one a pass.
        epochs: E, passes through each stage.
        k: number of stages, at least 1.

    Returns:
        (positions,) int, the index of the record at each position.

    Source: Spitkovsky et al. 2010, "From Baby Steps to Leapfrog"; Cirik et al. 2016, "Visualizing
    and Understanding Curriculum Learning for Long Short-Term Memory Networks", Baby Step.
    Departure: E passes through a stage instead of passes until the loss stops falling.
    """
    ranked = easy_to_hard(hardness)
    stages = bucket_edges(len(ranked), k)[1:]
    return np.concatenate(
        [rng.permutation(ranked[:size]) for size in stages for _ in range(epochs)]
    )


def annealed(
    hardness: np.ndarray, rng: np.random.Generator, *, epochs: int, k: Buckets
) -> np.ndarray:
    """Stage i of k takes 1/(k - j + 1) of each bucket j ≤ i, and no record twice.

    So bucket j is spread evenly over the stages j to k, and the first pass holds every record
    once. The further passes are shuffles of all records.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: of the parts and the shuffles.
        epochs: E, the stages together being the first pass.
        k: number of buckets and stages, at least 1.

    Returns:
        (E · n,) int, the index of the record at each position.

    Source: Xu et al. 2020, "Curriculum Learning for Natural Language Understanding", section 3.3
    (annealing); their last stage, all data until convergence, is the passes after the first.
    """
    ranked = easy_to_hard(hardness)
    edges = bucket_edges(len(ranked), k)
    shuffled = ranked.copy()
    stages = np.empty(len(ranked), dtype=np.uint16)  # numpy sorts 16 bits by radix
    for j, (start, stop) in enumerate(pairwise(edges)):
        rng.shuffle(shuffled[start:stop])
        parts = np.diff(bucket_edges(stop - start, k - j))
        stages[start:stop] = np.repeat(np.arange(j, k, dtype=np.uint16), parts)
    first = shuffled[np.argsort(stages, kind="stable")]
    ends = np.cumsum(np.bincount(stages, minlength=k))
    for stage in np.split(first, ends[:-1]):
        rng.shuffle(stage)
    return np.concatenate([first] + [rng.permutation(ranked) for _ in range(epochs - 1)])
