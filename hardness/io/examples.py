"""The records at both ends of a column, with their texts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from hardness.io.arrow import pc, to_numpy
from hardness.io.dataset import Dataset
from hardness.io.records import Partition
from hardness.io.storage import Location, of_each, open_parquet
from hardness.io.table import HardnessTable


@dataclass(frozen=True, kw_only=True)
class Example:
    """One record: its global row, its score and its text."""

    row: int
    score: float
    text: str | None


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Records at both ends of a column.

    Attributes:
        by: the column, as `metric` or `metric.column`.
        column: its name within the metric.
        easiest: the easiest first.
        hardest: the hardest first.
    """

    by: str
    column: str
    easiest: tuple[Example, ...]
    hardest: tuple[Example, ...]


def find_examples(
    table: HardnessTable, dataset: Dataset, by: str, *, easiest: int, hardest: int
) -> Examples:
    """The easiest and the hardest records with a score; of equal ones those that come first.

    Args:
        table: a hardness table.
        dataset: its data.
        by: `metric` or `metric.column`.
        easiest, hardest: how many of each.

    Raises:
        HardnessError: there is no such column, or it says nothing of hardness.
    """
    info, column = table.resolve(by)
    higher_is_harder = info.direction_of(column) == "higher"
    n = max(easiest, hardest)
    parts = of_each(partial(_extremes, column=column, n=n), info.parts())
    rows, scores = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    keys = scores if higher_is_harder else -scores
    ends = [_smallest(keys, easiest), _smallest(-keys, hardest)]
    ends = [list(zip(rows[end].tolist(), scores[end].tolist(), strict=True)) for end in ends]
    texts = read_texts(dataset, [row for end in ends for row, _ in end])
    made = [
        tuple(Example(row=row, score=score, text=texts[row]) for row, score in end) for end in ends
    ]
    return Examples(by=by, column=column, easiest=made[0], hardest=made[1])


def _extremes(path: Location, *, column: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and float64 scores of the n records at either end of one part, in order of row."""
    table = open_parquet(path).read(["row", column])
    table = table.filter(pc.is_valid(table.column(column)))
    rows = to_numpy(table.column("row"))
    scores = to_numpy(table.column(column).cast(pa.float64(), safe=False))
    kept = np.union1d(_smallest(scores, n), _smallest(-scores, n))
    return rows[kept], scores[kept]


def _smallest(keys: np.ndarray, n: int) -> np.ndarray:
    """Where the n smallest float64 (m,) keys are, in order; of equal ones the first come first."""
    n = min(n, len(keys))
    if n == 0:
        return np.empty(0, dtype=np.int64)
    among = np.flatnonzero(keys <= np.partition(keys, n - 1)[n - 1])
    return among[np.argsort(keys[among], kind="stable")][:n]


def read_texts(dataset: Dataset, rows: Sequence[int]) -> dict[int, str | None]:
    """Row to text of some records, reading only the partitions they lie in.

    Args:
        dataset: the data.
        rows: global rows, in any order.

    Raises:
        KeyError: the dataset has no good record with that row.
    """
    starts = np.array([partition.start_row for partition in dataset.partitions])
    wanted: dict[Partition, list[int]] = {}
    for row in dict.fromkeys(rows):
        within = dataset.partitions[int(np.searchsorted(starts, row, side="right")) - 1]
        wanted.setdefault(dataset.narrow(within, row), []).append(row)

    def read(item: tuple[Partition, list[int]]) -> dict[int, str | None]:
        partition, here = item
        texts, found, _ = dataset.read_text(partition)
        index = {int(found[i]): int(i) for i in np.searchsorted(found, here) if i < len(found)}
        return {row: texts[index[row]].as_py() for row in here}

    with ThreadPoolExecutor() as pool:
        parts = pool.map(read, wanted.items())
        return {row: text for part in parts for row, text in part.items()}
