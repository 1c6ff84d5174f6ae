"""Which record goes to which position: decided from scores alone, before any record is read.

Legend: m number of rows of the dataset, n number of rows of the table, k number of positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hardness.curriculum.orders import orders
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.normalize import to_hardness

NULL_POLICIES = ("error", "drop", "first", "last")
LEFT_OUT = -1
"""Position of a row that is not in the shards."""


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Where every row of the dataset goes and how hard it is."""

    position: np.ndarray
    """(m,) int32 or int64: the training position of each row, `LEFT_OUT` if it has none."""
    hardness: np.ndarray
    """(m,) f32 in [0, 1], higher is harder; NaN where the score is null or the row is left out."""
    rows: int
    """k, the number of rows that have a position."""
    nulls: int
    """Number of rows of the table without a score, whether kept or not."""

    def summary(self) -> dict[str, float | int | None]:
        """`min`, `mean` and `max` of the hardness in the shards (null without any), `nulls`."""
        known = self.hardness[(self.position != LEFT_OUT) & ~np.isnan(self.hardness)]
        if not len(known):
            return {"min": None, "mean": None, "max": None, "nulls": self.nulls}
        return {
            "min": float(known.min()),
            "mean": float(known.mean(dtype=np.float64)),
            "max": float(known.max()),
            "nulls": self.nulls,
        }

    def save(self, folder: Path) -> None:
        """Write the arrays so that workers without this process's memory can map them."""
        np.save(folder / "position.npy", self.position)
        np.save(folder / "hardness.npy", self.hardness)
        np.save(folder / "counts.npy", np.array([self.rows, self.nulls]))

    @classmethod
    def load(cls, folder: Path) -> Keys:
        """The keys that `save` wrote, memory-mapped."""
        rows, nulls = np.load(folder / "counts.npy").tolist()
        return cls(
            position=np.load(folder / "position.npy", mmap_mode="r"),
            hardness=np.load(folder / "hardness.npy", mmap_mode="r"),
            rows=rows,
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
    """Give every row of a table its position.

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
    _require_permutation(indices, len(known), order)
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
    # Half the memory for all but enormous data, and these arrays stay to the end of the build.
    dtype = np.int32 if dataset_rows < 2**31 else np.int64
    position = np.full(dataset_rows, LEFT_OUT, dtype=dtype)
    position[sequence] = np.arange(len(sequence), dtype=dtype)
    by_row = np.full(dataset_rows, np.nan, dtype=np.float32)
    by_row[known] = hardness
    return Keys(position=position, hardness=by_row, rows=len(sequence), nulls=len(unknown))


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


def _require_permutation(indices: np.ndarray, n: int, order: str) -> None:
    seen = np.zeros(n, dtype=bool)
    if len(indices) == n and (n == 0 or (indices.min() >= 0 and indices.max() < n)):
        seen[indices] = True
    if not seen.all():
        raise HardnessError(
            f"order {order!r} must return every index from 0 to {n - 1} once, got something else; "
            "mend the order"
        )
