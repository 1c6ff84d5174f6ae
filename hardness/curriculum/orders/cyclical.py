"""Cyclical curriculum: the share of the data that is trained on grows and shrinks in turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from hardness.curriculum.grammar import Bounds, checked_by
from hardness.curriculum.gumbel import heaviest
from hardness.curriculum.orders.base import Share
from hardness.curriculum.shares import count_of, index_dtype
from hardness.errors import HardnessError


def _check_shares(*, start: float, end: float, **_: float) -> None:
    if start > end:
        raise HardnessError(
            f"start must be at most end, got start={start:g} and end={end:g}; swap them"
        )


@checked_by(_check_shares)
def cyclical(
    hardness: np.ndarray,
    rng: np.random.Generator,
    *,
    epochs: int,
    start: Share = 0.25,
    end: Share = 1.0,
    alpha: Annotated[float, Bounds(0.01, 0.99)] = 0.5,
) -> np.ndarray:
    """Phases of S_i · n records, S_i growing by 1/α from `start` to `end` and shrinking back by α.

    A phase draws its records without replacement, each draw with a probability proportional to
    1 - hardness, and trains on them in random order.

    Args:
        hardness: h, (n,) f64 in [0, 1].
        rng: of the draws and the shuffles.
        epochs: E; the last phase is cut off so that there are E · n positions.
        start: smallest share, in (0, end].
        end: largest share, in (0, 1].
        alpha: α, the factor between phases, in [0.01, 0.99].

    Returns:
        (E · n,) int, the index of the record at each position.

    Raises:
        HardnessError: `start` above `end`.

    Source: Kesgin & Amasyali 2023, "Cyclical Curriculum Learning", algorithm 1, whose defaults
    these are. Departures: weights 1 - h for their 1 / loss, so that any hardness serves; a record
    of weight 0 comes after all others instead of never; the cut.
    """
    _check_shares(start=start, end=end)
    n = len(hardness)
    dtype = index_dtype(n)
    with np.errstate(divide="ignore"):
        weights = np.log1p(-hardness)
    left = epochs * n
    phases = [np.empty(0, dtype)]
    for share in phase_shares(start, end, alpha):
        if not left:
            break
        size = count_of(share, n)
        chosen = heaviest(weights, size, rng).astype(dtype, copy=False)
        phases.append(rng.permutation(chosen)[:left])
        left -= len(phases[-1])
    return np.concatenate(phases)


def phase_shares(start: float, end: float, alpha: float) -> Iterator[float]:
    """S_0 = start; then up by 1/α to `end` and down by α to `start`, without end.

    start 0.25, end 1, α 0.5 gives 0.25, 0.5, 1, 0.5, 0.25, 0.5, 1, …
    """
    share, rising = start, True
    while True:
        yield share
        if share >= end:
            rising = False
        if share <= start:
            rising = True
        share = min(share / alpha, end) if rising else max(share * alpha, start)
