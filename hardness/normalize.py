"""From raw scores to hardness: numbers in [0, 1] where higher is harder.

Legend: x score after orientation (higher is harder), n number of scores, h hardness.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hardness.chunks import of_each_chunk
from hardness.direction import DIRECTIONS, Direction
from hardness.errors import HardnessError
from hardness.registry import Registry
from hardness.sort import stable_argsort

normalizers: Registry[Callable[[np.ndarray], np.ndarray]] = Registry("normalize")
"""Every normalisation by name: (n,) f64 without NaN in, (n,) f64 in [0, 1] out."""

LARGE = 1e100
"""Values beyond this are scaled down before they are squared or subtracted, against overflow."""


def to_hardness(scores: np.ndarray, *, direction: Direction, method: str) -> np.ndarray:
    """Hardness of each score, higher is harder.

    Scores of which lower is harder are negated before they are normalised; for `none` the hardness
    is 1 - score.

    Args:
        scores: (n,) f64, nulls already left out.
        direction: which way is harder.
        method: a name in `normalizers`.

    Returns:
        (n,) f64 in [0, 1].

    Raises:
        HardnessError: an unknown method, NaN, or a value that the method has no place for.
    """
    normalise = normalizers.get(method)
    if direction not in DIRECTIONS:
        raise HardnessError(
            f"direction must be 'higher' or 'lower', got {direction!r}; score the data again"
        )
    scores = np.asarray(scores, dtype=np.float64)
    bad = np.flatnonzero(np.isnan(scores))
    if len(bad):
        raise HardnessError(
            f"scores must be numbers or null, got NaN at index {bad[0]} and {len(bad) - 1} more; "
            "write null where a score is undefined"
        )
    if method == "none":
        hardness = normalise(scores)
        return hardness if direction == "higher" else 1.0 - hardness
    return normalise(scores if direction == "higher" else -scores)


def rank(values: np.ndarray) -> np.ndarray:
    """h = average rank / (n - 1), ranks from 0, equal values share the mean of their ranks.

    Args:
        values: (n,) f64 without NaN; infinities are ranked like any other value.

    Returns:
        (n,) f64 in [0, 1] whose mean is 1/2 whatever the tail; 1/2 if n = 1.
    """
    n = len(values)
    if n < 2:
        return np.full(n, 0.5)
    order = stable_argsort(values)
    hardness = np.empty(n)
    tied = np.zeros(n + 1, dtype=bool)  # with the value before; False at both ends

    def spread(part: slice) -> None:
        indices = order[part.start : part.stop + 1]  # one more, which the next part does again
        ordered = values[indices]
        np.equal(ordered[1:], ordered[:-1], out=tied[part.start + 1 : part.stop + 1])
        hardness[indices] = np.arange(part.start, part.stop + 1) / (n - 1)

    of_each_chunk(spread, n - 1)
    _share_ranks(hardness, order, tied)
    return hardness


def _share_ranks(hardness: np.ndarray, order: np.ndarray, tied: np.ndarray) -> None:
    """Give equal values the mean of their ranks, in place."""
    starts = np.flatnonzero(tied[1:] & ~tied[:-1])
    stops = np.flatnonzero(tied[:-1] & ~tied[1:]) + 1
    ranks = np.repeat((starts + stops - 1) / 2, stops - starts)
    hardness[order[tied[1:] | tied[:-1]]] = ranks / (len(order) - 1)


def minmax(values: np.ndarray) -> np.ndarray:
    """h = (x - min) / (max - min).

    Args:
        values: (n,) f64, finite.

    Returns:
        (n,) f64 in [0, 1]; 1/2 everywhere if all values are equal.

    Raises:
        HardnessError: an infinite value.
    """
    _require_finite(values, "minmax")
    if len(values) == 0 or values.min() == values.max():
        return np.full(len(values), 0.5)
    values = _scaled(values)
    low, high = values.min(), values.max()
    # The largest quotient can round to just above 1 when the range is subnormal.
    return np.minimum((values - low) / (high - low), 1.0)


def zscore(values: np.ndarray) -> np.ndarray:
    """h = 1 / (1 + exp(-z)), z = (x - mean) / population standard deviation.

    Args:
        values: (n,) f64, finite.

    Returns:
        (n,) f64 in [0, 1]; 1/2 everywhere if all values are equal.

    Raises:
        HardnessError: an infinite value.
    """
    _require_finite(values, "zscore")
    if len(values) == 0 or values.min() == values.max():
        return np.full(len(values), 0.5)
    values = _scaled(values)
    centred = values - values.mean()
    # Dividing by the largest deviation first keeps tiny deviations from squaring to 0.
    centred /= np.abs(centred).max()
    z = centred / np.sqrt(np.mean(centred * centred))
    return 1.0 / (1.0 + np.exp(-z))


def none(values: np.ndarray) -> np.ndarray:
    """h = x, for scores that are hardness already.

    Args:
        values: (n,) f64 in [0, 1].

    Returns:
        The same values.

    Raises:
        HardnessError: a value outside [0, 1].
    """
    outside = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if len(outside):
        raise HardnessError(
            f"scores must be within [0, 1] for normalize 'none', got {values[outside[0]]} "
            f"and {len(outside) - 1} more outside; use normalize 'rank', 'minmax' or 'zscore'"
        )
    return values


def _scaled(values: np.ndarray) -> np.ndarray:
    largest = np.abs(values).max()
    return values / largest if largest > LARGE else values


def _require_finite(values: np.ndarray, method: str) -> None:
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise HardnessError(
            f"scores must be finite for normalize {method!r}, got {values[infinite[0]]} "
            f"and {len(infinite) - 1} more infinite; use normalize 'rank'"
        )


for _function in (rank, minmax, zscore, none):
    normalizers.add(_function.__name__, _function)
