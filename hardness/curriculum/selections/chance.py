"""Selections by chance."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from hardness.curriculum.grammar import Bounds, checked_by
from hardness.curriculum.gumbel import heaviest
from hardness.curriculum.selections.base import Context, Fraction
from hardness.curriculum.shares import count_of
from hardness.errors import HardnessError


def random(
    hardness: np.ndarray, rng: np.random.Generator, context: Context, *, f: Fraction
) -> np.ndarray:
    """f · n records, each set of that size being as likely as any other.

    Args:
        hardness: (n,) f64; only its length is used.
        rng: of the draw.
        context: not used.
        f: share that is kept, in (0, 1].

    Returns:
        (m,) int64, ascending indices.
    """
    n = len(hardness)
    return np.sort(rng.permutation(n)[: count_of(f, n)])


def _check_temperature(*, temperature: float, **_: float) -> None:
    if temperature == 0:
        raise HardnessError("temperature must not be 0, got 0; use select 'hardest' for that")


@checked_by(_check_temperature)
def gumbel(
    hardness: np.ndarray,
    rng: np.random.Generator,
    context: Context,
    *,
    f: Fraction,
    temperature: Annotated[float, Bounds(-1000, 1000)] = 0.5,
) -> np.ndarray:
    """f · n draws without replacement, each proportional to exp(hardness / τ).

    At τ = 0.5 the hardest record is e² = 7.4 times as likely as the easiest in the first draw; near
    0 the selection is `hardest`, far from 0 it is `random`, below 0 it prefers easy records.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: of the noise.
        context: not used.
        f: share that is kept, in (0, 1].
        temperature: τ, not 0.

    Returns:
        (m,) int64, ascending indices.

    Raises:
        HardnessError: τ is 0.

    Source: Kool et al. 2019, "Stochastic Beams and Where to Find Them", Gumbel top-k; Xie et al.
    2023, "Data Selection for Language Models via Importance Resampling", draw their data so.
    """
    _check_temperature(temperature=temperature)
    return np.sort(heaviest(hardness / temperature, count_of(f, len(hardness)), rng))
