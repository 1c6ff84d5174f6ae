"""Coverage-centric selection: as many records from every range of scores as there are."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from hardness.curriculum.grammar import Bounds
from hardness.curriculum.selections.base import Context, Fraction
from hardness.curriculum.shares import SLACK, count_of
from hardness.errors import HardnessError
from hardness.sort import stable_argsort


def coverage(
    hardness: np.ndarray,
    rng: np.random.Generator,
    context: Context,
    *,
    f: Fraction,
    prune: Annotated[float, Bounds(0, 0.99)] = 0.0,
    bins: Annotated[int, Bounds(1, 100_000)] = 50,
) -> np.ndarray:
    """Drop the hardest ⌊b · n⌋ records, cut the range of the other scores into equal strata, and
    draw from each at random: the same number, or all where a stratum has fewer.

    The strata are of the scores and not of the hardness: ranks would be spread evenly, and every
    stratum would be as large as the others.

    Args:
        hardness: (n,) f64, decides what is dropped.
        rng: of the draws.
        context: has the scores.
        f: share of all n records that is kept, in (0, 1].
        prune: b, share of the records that is dropped first, in [0, 0.99].
        bins: number of strata.

    Returns:
        (m,) int64, ascending indices.

    Raises:
        HardnessError: fewer than f · n records are left, or a score that is left is infinite.

    Source: Zheng et al. 2023, "Coverage-centric Coreset Selection for High Pruning Rates",
    algorithm 1, whose 50 strata these are; see `budgets`.
    """
    n = len(hardness)
    wanted = count_of(f, n)
    left = n - int(prune * n + SLACK)
    if wanted > left:
        raise HardnessError(
            f"f must be at most what prune leaves, got f={f:g} with prune={prune:g}, which is "
            f"{wanted:,} of {left:,} records; lower one of them"
        )
    kept = np.sort(stable_argsort(hardness)[:left])
    scores = context.scores[kept]
    if not np.isfinite(scores).all():
        raise HardnessError(
            "scores must be finite for select 'coverage', got an infinite one; prune it away, or "
            "choose another selection"
        )
    stratum = _strata(scores, bins)
    counts = np.bincount(stratum, minlength=bins)
    shuffled = rng.permutation(left)
    grouped = shuffled[np.argsort(stratum[shuffled], kind="stable")]
    starts = np.cumsum(counts) - counts
    drawn = np.arange(left) - np.repeat(starts, counts) < np.repeat(budgets(counts, wanted), counts)
    return np.sort(kept[grouped[drawn]])


def budgets(counts: np.ndarray, total: int) -> np.ndarray:
    """How many records each stratum gives.

    From the smallest stratum on, each gives an equal part of what is still wanted, ⌊wanted / strata
    left⌋, or all that it has.

    Args:
        counts: (k,) records in each stratum.
        total: how many are wanted, at most the sum of the counts.

    Returns:
        (k,) int64, whose sum is `total`.

    Source: Zheng et al. 2023, algorithm 1.
    """
    given = np.zeros(len(counts), dtype=np.int64)
    for done, index in enumerate(np.argsort(counts, kind="stable")):
        part = min(int(counts[index]), total // (len(counts) - done))
        given[index] = part
        total -= part
    return given


def _strata(scores: np.ndarray, bins: int) -> np.ndarray:
    """The stratum of each score, of `bins` equally wide ones; the highest is in the last."""
    low, high = (scores.min(), scores.max()) if len(scores) else (0.0, 0.0)
    if low == high:
        return np.zeros(len(scores), dtype=np.int64)
    # Halves, so that the difference of opposite extremes does not overflow.
    places = (scores / 2 - low / 2) / (high / 2 - low / 2) * bins
    return np.minimum(places.astype(np.int64), bins - 1)
