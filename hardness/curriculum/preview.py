"""What a build would write, before it writes: counts, both ends, and hardness by position.

Legend: m rows of the dataset, k positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hardness.curriculum.keys import Keys
from hardness.curriculum.positions import LEFT_OUT
from hardness.curriculum.prepare import Prepared
from hardness.io.examples import read_texts


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One position of the sequence."""

    position: int
    row: int
    hardness: float | None
    """Null where the score is."""
    text: str | None


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Hardness against training position, in bins of neighbouring positions."""

    edges: np.ndarray
    """(bins + 1,) int64: bin b is positions [edges[b], edges[b + 1])."""
    mean: np.ndarray
    """(bins,) f64, the mean hardness, NaN where no record of the bin has one."""
    low: np.ndarray
    """(bins,) f64, the least."""
    high: np.ndarray
    """(bins,) f64, the most."""


def first_and_last(prepared: Prepared, count: int) -> tuple[list[Placed], list[Placed]]:
    """The first and the last positions, at most `count` each, with the records' texts.

    Reads only the partitions of the data that they lie in.
    """
    k = prepared.keys.rows
    first = np.arange(min(count, k))
    last = np.arange(max(k - count, len(first)), k)
    rows = rows_at(prepared.keys, np.concatenate((first, last)))
    with prepared.scores.table.dataset(on_error="skip") as dataset:
        texts = read_texts(dataset, list(dict.fromkeys(rows.tolist())))
    placed = []
    for position, row in zip([*first.tolist(), *last.tolist()], rows.tolist(), strict=True):
        known = float(prepared.keys.hardness[row])
        hardness = None if np.isnan(known) else known
        placed.append(Placed(position=position, row=row, hardness=hardness, text=texts[row]))
    return placed[: len(first)], placed[len(first) :]


def rows_at(keys: Keys, positions: Sequence[int] | np.ndarray) -> np.ndarray:
    """The row that is trained on at each of some positions."""
    return _sequence(keys)[np.asarray(positions, dtype=np.int64)]


def curve(keys: Keys, bins: int) -> Curve:
    """Hardness against training position.

    Args:
        keys: where every row goes.
        bins: how many; fewer where there are fewer positions.
    """
    k = keys.rows
    edges = np.arange(min(bins, k) + 1) * k // min(bins, k)
    hardness = keys.hardness[_sequence(keys)].astype(np.float64)
    known = ~np.isnan(hardness)
    starts = edges[:-1]
    counts = np.add.reduceat(known.astype(np.int64), starts)
    sums = np.add.reduceat(np.where(known, hardness, 0.0), starts)
    with np.errstate(invalid="ignore"):
        mean = sums / counts
    # fmin and fmax pass over NaN.
    low, high = (f.reduceat(hardness, starts) for f in (np.fmin, np.fmax))
    return Curve(edges=edges, mean=mean, low=low, high=high)


def _sequence(keys: Keys) -> np.ndarray:
    """(k,) the row at each position."""
    positions = keys.positions
    sequence = np.empty(positions.count, dtype=positions.positions.dtype)
    if positions.starts is None:
        rows = np.flatnonzero(positions.positions != LEFT_OUT)
        sequence[positions.positions[rows]] = rows
    else:
        sequence[positions.positions] = np.repeat(np.arange(len(positions.times)), positions.times)
    return sequence
