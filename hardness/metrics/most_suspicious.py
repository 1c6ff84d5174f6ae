"""The most suspicious records of many, in memory that does not grow with their number.

Legend: n records, k scores, m candidates, B levels of a score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hardness.direction import Direction
from hardness.sort import ordered_bits

_LEVEL_BITS = 20
"""B = 2²⁰: sign, exponent and 8 bits of the fraction, so that a level spans 0.4% of a number."""

Windows = Callable[[], Iterable[tuple[np.ndarray, Sequence[np.ndarray]]]]
"""Gives the records anew at each call, some at a time: u64 rows, rising, and k arrays
of f64 scores."""


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """The first of a ranking.

    Attributes:
        rows: (m,) u64, the most suspicious first, of equals the first row.
        suspicion: (m,) f64, see `hardness.metrics.suspicion`.
        scores: k of (m,) f64.
        count: n, how many were ranked.
    """

    rows: np.ndarray
    suspicion: np.ndarray
    scores: tuple[np.ndarray, ...]
    count: int


def most_suspicious(read: Windows, directions: Sequence[Direction], top: int) -> Ranked:
    """What ranking all records by `hardness.metrics.suspicion.suspicion` would have first.

    The records are read three times. First the values of each score are counted by level; a level
    gives bounds of the ranks in it. Then records are kept as long as fewer than `top` others are
    certain to come before them. At last the ranks of those are counted out. Memory is for the
    levels, the candidates and one window: as many candidates as records would take a score of
    which most values, and no few of them, share a level at its harder end.

    Args:
        read: the records, without NaN.
        directions: k, which end of each score is the harder one.
        top: how many are wanted.
    """
    signs = [1.0 if direction == "higher" else -1.0 for direction in directions]
    levels = [_Levels() for _ in signs]
    count = 0
    for rows, scores in read():
        count += len(rows)
        for level, sign, score in zip(levels, signs, scores, strict=True):
            level.count(sign * score)
    rows, scores = _candidates(read, signs, levels, min(top, count))
    twice = sum(_twice_rank(read, place, sign, scores[place]) for place, sign in enumerate(signs))
    steps = 2 * (count - 1) or 2  # of a single record the rank is a half
    total = np.asarray(twice, dtype=np.float64) if count > 1 else np.full(len(rows), len(signs))
    suspicion = total / (steps * len(signs))
    first = np.lexsort((rows, -suspicion))[:top]
    return Ranked(
        rows=rows[first],
        suspicion=suspicion[first],
        scores=tuple(score[first] for score in scores),
        count=count,
    )


class _Levels:
    """How many values of a score are in each level, and so which ranks they can have."""

    def __init__(self) -> None:
        self._counts = np.zeros(1 << _LEVEL_BITS, dtype=np.int64)
        self._value = np.full(1 << _LEVEL_BITS, np.nan)
        """One that is in the level."""
        self._mixed = np.zeros(1 << _LEVEL_BITS, dtype=bool)
        """Whether there are others."""
        self._less: np.ndarray | None = None

    def count(self, values: np.ndarray) -> None:
        """Add some values."""
        at = _level(values)
        self._counts += np.bincount(at, minlength=len(self._counts))
        new = np.isnan(self._value[at])
        self._value[at[new]] = values[new]
        self._mixed[at[self._value[at] != values]] = True

    def bounds(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(q,) int64 twice the least and the greatest average rank that each value can have."""
        if self._less is None:
            self._less = np.cumsum(self._counts) - self._counts
        at = _level(values)
        less, same, mixed = self._less[at], self._counts[at], self._mixed[at]
        average = 2 * less + same - 1
        return (
            np.where(mixed, 2 * less, average),
            np.where(mixed, 2 * (less + same - 1), average),
        )


def _level(values: np.ndarray) -> np.ndarray:
    return (ordered_bits(values) >> np.uint64(64 - _LEVEL_BITS)).astype(np.int64)


def _candidates(
    read: Windows, signs: Sequence[float], levels: Sequence[_Levels], top: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Rows and scores of all records that may be among the first `top`."""
    held = [np.empty(0, np.uint64), *(np.empty(0) for _ in signs)]
    low = high = np.empty(0, np.int64)
    if not top:
        return held[0], held[1:]
    for rows, scores in read():
        bounds = [
            level.bounds(sign * score)
            for level, sign, score in zip(levels, signs, scores, strict=True)
        ]
        low = np.concatenate([low, sum(least for least, _ in bounds)])
        high = np.concatenate([high, sum(greatest for _, greatest in bounds)])
        held = [np.concatenate(pair) for pair in zip(held, (rows, *scores), strict=True)]
        if len(low) <= top:
            continue
        order = np.lexsort((held[0], -low))
        least = low[order[top - 1]]
        keep = high >= least
        # Of equals whose rank is known, those that come too late.
        late = order[top:]
        keep[late[high[late] == low[late]]] = False
        held, low, high = [part[keep] for part in held], low[keep], high[keep]
    return held[0], held[1:]


def _twice_rank(read: Windows, place: int, sign: float, values: np.ndarray) -> np.ndarray:
    """(m,) int64 twice the average rank of some values of a score among all, from 0."""
    wanted, where = np.unique(sign * values, return_inverse=True)
    twice = np.full(len(wanted), -1, dtype=np.int64)
    if not len(wanted):
        return twice
    for _, scores in read():
        window = np.sort(sign * scores[place])
        twice += np.searchsorted(window, wanted, "left")
        twice += np.searchsorted(window, wanted, "right")
    return twice[where]
