"""One column of a finished metric as arrays.

Legend: n records.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.arrow import to_numpy
from hardness.io.metric import MetricInfo, full_name
from hardness.io.storage import Location, open_parquet
from hardness.memory import give_back

PARTS_AT_A_TIME = 4
"""Parts of a table that are in memory at once, besides what is kept of them."""


@dataclass(frozen=True, kw_only=True)
class ScoreColumn:
    """The numbers of one column."""

    rows: np.ndarray
    """(n,) u64, strictly increasing: the rows of the dataset that the metric has."""
    values: np.ndarray
    """(n,) f64; 0 where undefined."""
    valid: np.ndarray
    """(n,) bool: whether the number is not null."""

    def at(self, rows: np.ndarray) -> ScoreColumn:
        """The numbers of other rows, undefined where the metric lacks one.

        Args:
            rows: (m,) u64, strictly increasing.
        """
        if np.array_equal(self.rows, rows):
            return ScoreColumn(rows=rows, values=self.values, valid=self.valid)
        if not len(self.rows):
            none = np.zeros(len(rows), dtype=bool)
            return ScoreColumn(rows=rows, values=np.zeros(len(rows)), valid=none)
        at = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        valid = self.valid[at] & (self.rows[at] == rows)
        return ScoreColumn(rows=rows, values=self.values[at], valid=valid)


def read_column(
    info: MetricInfo, column: str, *, dataset_rows: int, name: str | None = None
) -> ScoreColumn:
    """Read a column into place, a few parts at a time.

    Args:
        info: the metric.
        column: one of its columns.
        dataset_rows: number of rows of the dataset.
        name: what messages call it; its `full_name` if None.

    Raises:
        HardnessError: no numbers, a row twice or missing, or a damaged part.
    """
    name = name or full_name(info.name, column)
    ends = np.cumsum([0, *(part.get("rows", 0) for part in info.content["parts"])]).tolist()
    if ends[-1] != info.rows:
        raise HardnessError(
            f"{info.path} must hold {info.rows} rows, got {ends[-1]} in its parts; score the data "
            "again"
        )
    rows = np.empty(info.rows, dtype=np.uint64)
    values = np.empty(info.rows)
    valid = np.empty(info.rows, dtype=bool)

    def read(path: Location, place: slice) -> None:
        part = _read_part(path, column, info.path)
        if part.num_rows != place.stop - place.start:
            raise HardnessError(
                f"{path} must hold {place.stop - place.start} rows, got {part.num_rows}; "
                "score the data again"
            )
        score = _numbers(part.column(1), name)
        rows[place] = to_numpy(part.column(0))
        valid[place] = to_numpy(score.is_valid().cast(pa.uint8()))
        values[place] = to_numpy(score)
        values[place][~valid[place]] = 0.0

    with ThreadPoolExecutor(PARTS_AT_A_TIME) as pool:
        places = [slice(start, stop) for start, stop in pairwise(ends)]
        list(pool.map(read, info.parts(), places))
    give_back()  # much of what is kept is never needed again
    if np.any(rows[1:] < rows[:-1]):
        order = np.argsort(rows, kind="stable")
        rows, values, valid = rows[order], values[order], valid[order]
    _require_rows(rows, dataset_rows, info.path)
    return ScoreColumn(rows=rows, values=values, valid=valid)


def _read_part(path: Location, column: str, folder: Location) -> pa.Table:
    try:
        with open_parquet(path) as file:
            return file.read(["row", column]).select(["row", column])
    except (pa.ArrowException, OSError) as error:
        raise HardnessError(
            f"{path} must be a complete Parquet file, got {str(error).splitlines()[0]!r}; "
            f"delete {folder} and score again"
        ) from error


def _numbers(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kind = column.type
    checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    if not any(check(kind) for check in checks):
        raise HardnessError(f"{name} must be a column of numbers, got {kind}; choose another")
    return column.cast(pa.float64(), safe=False)


def _require_rows(rows: np.ndarray, dataset_rows: int, folder: Location) -> None:
    twice = np.flatnonzero(rows[1:] == rows[:-1])
    if len(twice):
        raise HardnessError(
            f"{folder} must hold every row once, got row {rows[twice[0]]} twice; score the data "
            "again"
        )
    if len(rows) and rows[-1] >= dataset_rows:
        raise HardnessError(
            f"{folder} must hold rows below {dataset_rows}, got row {rows[-1]}; score the data "
            "again"
        )
