"""What a comparison over seeds may claim: intervals, paired tests and their correction.

Legend: n seeds, k arms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
"""Of the intervals."""
EXACT_SEEDS = 16
"""Up to here all 2ⁿ changes of sign are looked at."""
RESAMPLES = 99_999
"""Changes of sign that are drawn beyond it: p is then known to about 0.0007 near 0.05."""


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean over seeds.

    Attributes:
        value: the mean.
        half_width: of its interval; None for a single seed, of which nothing can be said.
        n: seeds.
    """

    value: float
    half_width: float | None
    n: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How an arm differs from the baseline over the seeds that both have.

    Attributes:
        mean: of arm minus baseline, with its interval.
        p: of the permutation test, in (0, 1]; None without two seeds.
        p_adjusted: the same after Holm's correction; None until `adjust` has seen all arms.
        least_p: the smallest p that so many seeds can give.
    """

    mean: Mean
    p: float | None
    p_adjusted: float | None = None
    least_p: float | None = None


def mean_interval(values: Sequence[float] | np.ndarray, *, level: float = LEVEL) -> Mean:
    """The mean and its Student interval, x̄ ± t(n − 1, (1 + level)/2) · s / √n.

    Args:
        values: (n,) finite, n ≥ 1; s is their standard deviation with n − 1.
        level: of the interval, in (0, 1).
    """
    from scipy.stats import t

    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    mean = float(values.mean())
    if n < 2:
        return Mean(value=mean, half_width=None, n=n)
    deviation = float(values.std(ddof=1))
    width = float(t.ppf((1 + level) / 2, n - 1)) * deviation / math.sqrt(n)
    return Mean(value=mean, half_width=width, n=n)


def sign_flip_p(differences: Sequence[float] | np.ndarray, rng: np.random.Generator) -> float:
    """Two-sided p of the paired permutation test: the differences' signs are exchangeable.

    p = share of the changes of sign, the one at hand included, under which |Σ ±d| ≥ |Σ d|.
    All 2ⁿ for n ≤ `EXACT_SEEDS`; otherwise `RESAMPLES` that are drawn, and (b + 1)/(m + 1).

    Args:
        differences: (n,) arm minus baseline, one a seed.
        rng: of the drawn changes; not used where all are looked at.

    Returns:
        In (0, 1]; 1 where all differences are 0.

    Source: Fisher 1935, The Design of Experiments, section 21; Phipson and Smyth 2010 for the + 1.
    """
    d = np.asarray(differences, dtype=np.float64)
    n = len(d)
    # Sums of the same numbers in another order must count as equal.
    reached = abs(d.sum()) - 1e-9 * np.abs(d).sum()
    if n <= EXACT_SEEDS:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return float(np.mean(np.abs(signs @ d) >= reached))
    as_extreme = 0
    for start in range(0, RESAMPLES, 4096):
        size = (min(4096, RESAMPLES - start), n)
        signs = 1.0 - 2.0 * rng.integers(0, 2, size=size)
        as_extreme += int(np.count_nonzero(np.abs(signs @ d) >= reached))
    return (as_extreme + 1) / (RESAMPLES + 1)


def least_p(n: int) -> float:
    """The smallest p that `sign_flip_p` can give for n seeds: 2/2ⁿ, all differences of one sign."""
    return 2.0 / 2**n if n <= EXACT_SEEDS else 1.0 / (RESAMPLES + 1)


def difference(
    arm: Sequence[float] | np.ndarray,
    baseline: Sequence[float] | np.ndarray,
    rng: np.random.Generator,
) -> Difference:
    """Arm minus baseline, seed by seed.

    Args:
        arm, baseline: (n,) of the same seeds in the same order.
        rng: see `sign_flip_p`.
    """
    d = np.asarray(arm, dtype=np.float64) - np.asarray(baseline, dtype=np.float64)
    mean = mean_interval(d)
    if len(d) < 2:
        return Difference(mean=mean, p=None)
    return Difference(mean=mean, p=sign_flip_p(d, rng), least_p=least_p(len(d)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment, which keeps the chance of any false claim below the level.

    With p(1) ≤ … ≤ p(k), the adjusted p(i) is the greatest of min(1, (k − j + 1) p(j)), j ≤ i.

    Args:
        p_values: (k,) in any order.

    Returns:
        The adjusted ones in the same order.

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    k = len(p_values)
    adjusted = [0.0] * k
    greatest = 0.0
    for place, index in enumerate(sorted(range(k), key=p_values.__getitem__)):
        greatest = max(greatest, min(1.0, (k - place) * p_values[index]))
        adjusted[index] = greatest
    return adjusted


def seeds_needed(arms: int, *, level: float = LEVEL) -> int:
    """The least number of seeds with which one of `arms` comparisons can be significant.

    The smallest p, 2/2ⁿ, times the number of arms must not exceed 1 − level.
    """
    return math.ceil(math.log2(2 * max(arms, 1) / (1 - level)))
