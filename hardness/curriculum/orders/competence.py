"""Competence: every draw is uniform over the easiest records, ever more of them.

Legend: t in [0, 1) progress, c(t) the share of the records that are admitted, n records.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from hardness.curriculum.grammar import Bounds
from hardness.curriculum.orders.base import Share
from hardness.curriculum.orders.plain import easy_to_hard
from hardness.curriculum.shares import SLACK, index_dtype

CHUNK = 2**22
"""Positions drawn at a time."""

Shape = Literal["root", "linear", "quadratic", "inverse"]


def competence(
    hardness: np.ndarray,
    rng: np.random.Generator,
    *,
    epochs: int,
    shape: Shape = "root",
    c0: Share = 0.01,
    p: Annotated[float, Bounds(0, 100, above=True)] = 2.0,
    until: Share = 1.0,
) -> np.ndarray:
    """Each position draws uniformly, with replacement, from the easiest max(1, ⌊c(t)·n⌋) records.

    t = (position / positions) / until. The unit is the position, not the batch, so that the
    sequence does not depend on the batch size; a batch of B sees c move by B / positions at most.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: of the draws.
        epochs: E, so that E · n are drawn.
        shape: of c, see `share_at`.
        c0: c(0), in (0, 1].
        p: degree of the root, above 0; of no effect on the other shapes.
        until: share of the sequence after which all records are admitted, in (0, 1].

    Returns:
        (E · n,) int, the index of the record at each position; records may occur several times or
        not at all.

    Source: Platanios et al. 2019, "Competence-based Curriculum Learning for Neural Machine
    Translation", equations 6 and 7 and algorithm 1; c0 = 0.01 and p = 2 are theirs. Departures:
    equal hardness is admitted in input order instead of at once; the unit.
    """
    ranked = easy_to_hard(hardness)
    n = len(ranked)
    positions = epochs * n
    drawn = np.empty(positions, dtype=index_dtype(n))
    for start in range(0, positions, CHUNK):
        stop = min(start + CHUNK, positions)
        progress = np.arange(start, stop) / (positions * until)
        admitted = np.maximum(np.floor(share_at(progress, shape=shape, c0=c0, p=p) * n + SLACK), 1)
        drawn[start:stop] = ranked[(rng.random(stop - start) * admitted).astype(np.int64)]
    return drawn


def share_at(progress: np.ndarray, *, shape: Shape, c0: float, p: float) -> np.ndarray:
    """c(t), from c0 at t = 0 to 1 at t ≥ 1.

    root       (t (1 - c0^p) + c0^p)^(1/p)
    linear     t (1 - c0) + c0
    quadratic  t² (1 - c0) + c0             slow at first
    inverse    1 - (1 - t)² (1 - c0)        fast at first

    Args:
        progress: t, (m,) f64, at least 0.
        shape, c0, p: see `competence`.

    Returns:
        (m,) f64 in [c0, 1], never falling with t.

    Source: Platanios et al. 2019, equations 6 (linear) and 7 (root). Quadratic as in Penha & Hauff
    2020, "Curriculum Learning Strategies for IR", whose version ends near 1 and not at it; inverse
    is its reflection in the middle.
    """
    t = np.minimum(progress, 1.0)
    if shape == "root":
        return np.minimum((t * (1 - c0**p) + c0**p) ** (1 / p), 1.0)
    if shape == "linear":
        return np.minimum(t * (1 - c0) + c0, 1.0)
    if shape == "quadratic":
        return np.minimum(t**2 * (1 - c0) + c0, 1.0)
    return np.minimum(1 - (1 - t) ** 2 * (1 - c0), 1.0)
