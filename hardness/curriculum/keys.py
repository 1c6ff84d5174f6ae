"""Which record goes to which position: decided from scores alone, before any record is read.

A *sequence* says which row is trained on at each position. Rows may be absent from it or occur
several times.

Legend: m number of rows of the dataset, n number of rows of the table, k number of positions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from hardness.curriculum.curriculum import Curriculum
from hardness.curriculum.positions import Positions, occurrences
from hardness.curriculum.selections import Context
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.normalize import to_hardness

ReadColumn: TypeAlias = Callable[[str], tuple[np.ndarray, Direction]]
"""`metric` or `metric.column` to the values of the rows at hand, (n,) f64, NaN where undefined, and
the way that is harder."""


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
    curriculum: Curriculum,
    read: ReadColumn,
) -> Keys:
    """Give every row of a table its positions.

    Args:
        rows: (n,) u64, strictly increasing, below `dataset_rows`.
        scores: (n,) f64; anything where `valid` is false.
        valid: (n,) bool, whether the score is not null.
        dataset_rows: m.
        name: of the score, as messages call it.
        direction: which way is harder.
        curriculum: what makes a sequence of the scores.
        read: gives it other columns of the table, of the same rows.

    Raises:
        HardnessError: parameters that do not fit the data, NaN, nulls under `error`, or nothing to
            place.
    """
    rows = rows.view(np.int64)  # numpy indexes with nothing else without a copy
    ways: dict[str, Direction] = {}
    for admission in curriculum.admissions:
        values, ways[admission.column] = read(admission.column)
        valid = valid & ~np.isnan(values)
    unknown = rows[~valid]
    if len(unknown) and curriculum.nulls == "error":
        name = ", ".join(dict.fromkeys([name, *ways]))
        raise HardnessError(
            f"{name} must be defined for every record, got {len(unknown)} null of {len(rows)} "
            f"(first at row {unknown[0]}); add --nulls drop, first or last"
        )
    known = rows[valid] if len(unknown) else rows
    values = scores[valid] if len(unknown) else scores
    hardness = _harden(known, values, name, direction, curriculum.normalize)
    context = Context(
        raw=values,
        direction=direction,
        read=lambda column: read(column)[0][valid],
    )
    indices = curriculum.sequence(hardness, context, ways)
    # Rows 0 to n - 1 are their own indices; that spares an array as long as the sequence.
    sequence = indices if _is_range(known) else known[indices]
    if curriculum.nulls == "first":
        sequence = np.concatenate((np.tile(unknown, curriculum.epochs), sequence))
    elif curriculum.nulls == "last":
        sequence = np.concatenate((sequence, np.tile(unknown, curriculum.epochs)))
    if not len(sequence):
        _refuse_nothing(name, len(known), len(unknown), curriculum)
    by_row = np.full(dataset_rows, np.nan, dtype=np.float32)
    by_row[slice(len(known)) if _is_range(known) else known] = hardness
    del hardness  # what follows needs memory of its own
    return Keys(
        positions=Positions.of(sequence, rows=dataset_rows),
        hardness=by_row,
        records=len(rows),
        nulls=len(unknown),
    )


def _refuse_nothing(name: str, known: int, unknown: int, curriculum: Curriculum) -> None:
    if known:
        raise HardnessError(
            f"select must keep at least one record, got none of {known} by "
            f"{str(curriculum.choose)!r}; choose another"
        )
    raise HardnessError(
        f"{name} must be defined for at least one record, got {unknown} null of {unknown}; check "
        "the text columns, or keep them with --nulls last"
    )


def _is_range(rows: np.ndarray) -> bool:
    return len(rows) > 0 and rows[0] == 0 and rows[-1] == len(rows) - 1


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
