"""Pacing: from which progress on a record is admitted, and drawing from those that are.

Legend: t in [0, 1) progress, n records, d(t) the difficulty that is reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hardness.curriculum.shares import SLACK, in_turns, index_dtype
from hardness.errors import HardnessError

LEVELS = 10_000
"""More levels of difficulty than this are not needed by anybody, and cost time."""
DEFAULT_LEVELS = 100
"""Steps from the first to the last difficulty where none is named: DeepSpeed's percentiles."""
CHUNK = 2**22
"""Positions drawn at a time."""

NEVER = np.inf
"""When a record is admitted that no difficulty reaches."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Levels of difficulty, and from which progress on each is reached."""

    levels: np.ndarray
    """(m,) f64, increasing."""
    begins: np.ndarray
    """(m,) f64 in [0, 1], never falling, the first 0."""

    def by_value(self, values: np.ndarray) -> np.ndarray:
        """When each record is admitted that has its value at most the difficulty reached.

        Args:
            values: (n,) f64, higher is harder.

        Returns:
            (n,) f64 in [0, 1], or `NEVER`.
        """
        level = np.searchsorted(self.levels, values, side="left")
        return np.append(self.begins, NEVER)[level]

    def by_percentile(self, values: np.ndarray, ranked: np.ndarray) -> np.ndarray:
        """When each record is admitted, the easiest max(1, ⌊d·n⌋) being admitted at difficulty d.

        Args:
            values: (n,) f64; only its length is used.
            ranked: (n,) int, the records from easy to hard.

        Returns:
            (n,) f64 in [0, 1], or `NEVER`.
        """
        n = len(values)
        admitted = np.maximum(np.floor(self.levels * n + SLACK), 1).clip(max=n).astype(np.int64)
        counts = np.diff(admitted, prepend=0, append=n)
        times = np.empty(n)
        times[ranked] = np.repeat(np.append(self.begins, NEVER), counts)
        return times


def root_pace(*, start: float, end: float, step: float | None, p: float, until: float) -> Pace:
    """d(t) = (t / until)^(1/p) (end - start) + start, down to a multiple of `step`; then `end`.

    Args:
        start, end: first and last difficulty, start ≤ end.
        step: what difficulties are multiples of, above 0; a hundredth of the way if None.
        p: degree of the root, above 0; 1 is linear.
        until: progress at which `end` is reached, in (0, 1].

    Raises:
        HardnessError: `start` above `end`, or more than `LEVELS` steps.

    Source: DeepSpeed's data efficiency library (Li et al. 2022), schedules `fixed_linear` and
    `fixed_root` with min_difficulty, max_difficulty, total_curriculum_step, difficulty_step and
    root_degree. Departures: progress instead of steps; difficulties are not below `start`, where
    rounding down to a step would lead.
    """
    if not start <= end:
        raise HardnessError(
            f"from must be at most to, got from={start:g} and to={end:g}; swap them"
        )
    if start == end:
        return Pace(levels=np.array([end]), begins=np.zeros(1))
    step = (end - start) / DEFAULT_LEVELS if step is None else step
    if (end - start) / step > LEVELS:
        raise HardnessError(
            f"step must be at least {(end - start) / LEVELS:g} to get from {start:g} to {end:g} in "
            f"{LEVELS:,} steps, got {step:g}; choose a larger one"
        )
    first = np.floor(start / step + SLACK) + 1
    multiples = np.arange(first, np.ceil(end / step - SLACK)) * step
    levels = np.concatenate(([start], multiples, [end]))
    begins = np.minimum(((levels - start) / (end - start)) ** p * until, 1.0)
    begins[-1] = until
    return Pace(levels=levels, begins=begins)


def discrete_pace(*, levels: tuple[float, ...], until: tuple[float, ...]) -> Pace:
    """d(t) = levels[i] up to and with t = until[i]; the last level after that.

    Args:
        levels: m difficulties, increasing.
        until: m - 1 progresses in (0, 1), increasing.

    Raises:
        HardnessError: the numbers do not increase, or there are not m and m - 1 of them.

    Source: DeepSpeed's `fixed_discrete` with difficulty and max_step.
    """
    if len(until) != len(levels) - 1:
        raise HardnessError(
            f"until must have one number less than levels, got {len(until)} and {len(levels)}; "
            "the last level holds to the end"
        )
    for name, numbers in (("levels", levels), ("until", until)):
        if any(later <= earlier for earlier, later in pairwise(numbers)):
            raise HardnessError(
                f"{name} must increase, got {'/'.join(f'{n:g}' for n in numbers)}; sort them"
            )
    # The level i + 1 begins after until[i]; between two positions there is no difference.
    begins = np.concatenate(([0.0], np.nextafter(np.asarray(until, dtype=np.float64), 2.0)))
    return Pace(levels=np.asarray(levels, dtype=np.float64), begins=begins)


def draw_admitted(times: np.ndarray, positions: int, rng: np.random.Generator) -> np.ndarray:
    """A sequence in which every position takes one of the records that are admitted by then.

    Records that are admitted at the same time are a cluster. A position draws a cluster, each with
    a probability proportional to its size, and takes its next record; a cluster whose records have
    all been taken is shuffled anew. So the draws are nearly uniform over what is admitted, and
    with replacement only once a cluster is used up.

    Args:
        times: (n,) f64, the progress at which each record is admitted, at least one of them 0;
            `NEVER` for those that are not.
        positions: how many to draw; position i has progress i / positions.
        rng: of the draws and the shuffles.

    Returns:
        (positions,) int32 or int64 in [0, n).

    Source: DeepSpeed's data sampler for curricula.
    """
    ranked = np.argsort(times, kind="stable").astype(index_dtype(len(times)), copy=False)
    ordered = times[ranked]
    ordered = ordered[: np.searchsorted(ordered, NEVER)]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1.0))
    begins = ordered[starts]
    edges = np.append(starts, len(ordered))
    few = len(starts) < 2**16  # numpy sorts 16 bits by radix
    cluster = np.empty(positions, dtype=np.uint16 if few else index_dtype(len(starts)))
    for start in range(0, positions, CHUNK):
        stop = min(start + CHUNK, positions)
        reached = np.searchsorted(begins, np.arange(start, stop) / positions, side="right")
        drawn = rng.random(stop - start) * edges[reached]
        cluster[start:stop] = np.searchsorted(starts, drawn, side="right") - 1
    by_cluster = np.argsort(cluster, kind="stable")
    counts = np.bincount(cluster, minlength=len(begins))
    sequence = np.empty(positions, dtype=ranked.dtype)
    stops = np.cumsum(counts)
    for index in np.flatnonzero(counts):
        members = ranked[edges[index] : edges[index + 1]]
        at = by_cluster[stops[index] - counts[index] : stops[index]]
        sequence[at] = members[in_turns(len(members), len(at), rng)]
    return sequence
