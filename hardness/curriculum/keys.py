"""Which record goes to which position: decided from scores alone, before any record is read.

A *sequence* says which row is trained on at each position. Rows may be absent from it or occur
several times.

Legend: m number of rows of the dataset, n number of rows of the table, k number of positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardness.curriculum.orders import orders
from hardness.curriculum.positions import Positions, occurrences
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.normalize import to_hardness

NULL_POLICIES = ("error", "drop", "first", "last")


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Where every row of the dataset goes and how hard it is."""

    positions: Positions
    """The training positions of each row of the dataset."""
    hardness: np.ndarray
    """(m,) f32 in [0, 1], higher is harder; NaN where the score is null or the row is not in the
    table."""
    records: int
    """n, the number of rows of the table."""
    nulls: int
    """Number of rows of the table without a score, whether kept or not."""

    @property
    def rows(self) -> int:
        """k, the number of positions."""
        return len(self.positions)

    def summary(self) -> dict[str, float | int | None]:
        """`min`, `mean` and `max` hardness over the positions (null without any), `nulls`."""
        times = self.positions.times
        known = (times > 0) & ~np.isnan(self.hardness)
        hardness = self.hardness[known]
        if not len(hardness):
            return {"min": None, "mean": None, "max": None, "nulls": self.nulls}
        weights = None if times.dtype == bool else times[known]
        return {
            "min": float(hardness.min()),
            "mean": float(np.average(hardness.astype(np.float64), weights=weights)),
            "max": float(hardness.max()),
            "nulls": self.nulls,
        }

    def occurrences(self) -> dict[str, Any]:
        """How often the rows of the table occur; see `positions.occurrences`."""
        return occurrences(self.positions.times, records=self.records)

    def save(self, folder: Path) -> None:
        """Write the arrays so that workers without this process's memory can map them."""
        self.positions.save(folder)
        np.save(folder / "hardness.npy", self.hardness)
        np.save(folder / "counts.npy", np.array([self.records, self.nulls]))

    @classmethod
    def load(cls, folder: Path) -> Keys:
        """The keys that `save` wrote, memory-mapped."""
        records, nulls = np.load(folder / "counts.npy").tolist()
        return cls(
            positions=Positions.load(folder),
            hardness=np.load(folder / "hardness.npy", mmap_mode="r"),
            records=records,
            nulls=nulls,
        )


def place(
    rows: np.ndarray,
    scores: np.ndarray,
    valid: np.ndarray,
    *,
    dataset_rows: int,
    name: str,
    direction: Direction,
    order: str,
    normalize: str,
    nulls: str,
    seed: int,
) -> Keys:
    """Give every row of a table its positions.

    Args:
        rows: (n,) u64, strictly increasing, below `dataset_rows`.
        scores: (n,) f64; anything where `valid` is false.
        valid: (n,) bool, whether the score is not null.
        dataset_rows: m.
        name: of the score, as messages call it.
        direction: which way is harder.
        order: a name in `orders`.
        normalize: a name in `normalizers`.
        nulls: `error`, or what becomes of rows without a score: `drop`, `first` or `last`.
        seed: of the order's generator, at least 0.

    Raises:
        HardnessError: an option out of its range, NaN, nulls under `error`, or nothing to place.
    """
    if nulls not in NULL_POLICIES:
        raise HardnessError(
            f"nulls must be one of {', '.join(NULL_POLICIES)}, got {nulls!r}; choose one of them"
        )
    if seed < 0:
        raise HardnessError(f"seed must be at least 0, got {seed}; choose another")
    arrange = orders.get(order)
    rows = rows.view(np.int64)  # numpy indexes with nothing else without a copy
    unknown = rows[~valid]
    if len(unknown) and nulls == "error":
        raise HardnessError(
            f"{name} must be defined for every record, got {len(unknown)} null of {len(rows)} "
            f"(first at row {unknown[0]}); add --nulls drop, first or last"
        )
    known = rows[valid] if len(unknown) else rows
    hardness = _harden(known, scores[valid] if len(unknown) else scores, name, direction, normalize)
    indices = arrange(hardness, np.random.default_rng(seed))
    _require_indices(indices, len(known), order)
    sequence = known[indices]
    if nulls == "first":
        sequence = np.concatenate((unknown, sequence))
    elif nulls == "last":
        sequence = np.concatenate((sequence, unknown))
    if not len(sequence):
        raise HardnessError(
            f"{name} must be defined for at least one record, got {len(unknown)} null of "
            f"{len(rows)}; check the text columns, or keep them with --nulls last"
        )
    by_row = np.full(dataset_rows, np.nan, dtype=np.float32)
    by_row[known] = hardness
    return Keys(
        positions=Positions.of(sequence, rows=dataset_rows),
        hardness=by_row,
        records=len(rows),
        nulls=len(unknown),
    )


def _harden(
    rows: np.ndarray, scores: np.ndarray, name: str, direction: Direction, method: str
) -> np.ndarray:
    bad = np.flatnonzero(np.isnan(scores))
    if len(bad):
        raise HardnessError(
            f"{name} must be a number or null, got NaN at row {rows[bad[0]]} and {len(bad) - 1} "
            "more; score the data again"
        )
    try:
        return to_hardness(scores, direction=direction, method=method)
    except HardnessError as error:
        raise HardnessError(str(error).replace("scores must", f"{name} must", 1)) from None


def _require_indices(indices: np.ndarray, n: int, order: str) -> None:
    if indices.ndim == 1 and np.issubdtype(indices.dtype, np.integer):
        outside = indices[(indices < 0) | (indices >= n)]
        if not len(outside):
            return
        found = f"{outside[0]} and {len(outside) - 1} more outside"
    else:
        found = f"an array of {indices.dtype} with the shape {indices.shape}"
    raise HardnessError(
        f"order {order!r} must return indices from 0 to {n - 1}, got {found}; mend the order"
    )
