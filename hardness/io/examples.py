"""The records at both ends of a column, with their texts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from hardness.io.dataset import Dataset
from hardness.io.records import Partition
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
    scores = table.column(by).drop_nulls("value")
    ends = []
    for n, descending in ((easiest, not higher_is_harder), (hardest, higher_is_harder)):
        order = [pl.col("value").cast(pl.Float64) * (-1 if descending else 1), pl.col("row")]
        chosen = scores.bottom_k(n, by=order).sort(*order).collect()
        ends.append(list(zip(chosen["row"].to_list(), chosen["value"].to_list(), strict=True)))
    texts = read_texts(dataset, [row for end in ends for row, _ in end])
    made = [
        tuple(Example(row=row, score=score, text=texts[row]) for row, score in end) for end in ends
    ]
    return Examples(by=by, column=column, easiest=made[0], hardest=made[1])


def read_texts(dataset: Dataset, rows: Sequence[int]) -> dict[int, str | None]:
    """Row to text of some records, reading only the partitions they lie in.

    Args:
        dataset: the data.
        rows: global rows, in any order.

    Raises:
        KeyError: the dataset has no good record with that row.
    """
    starts = np.array([partition.start_row for partition in dataset.partitions])
    wanted: dict[int, list[int]] = {}
    for row in rows:
        wanted.setdefault(int(np.searchsorted(starts, row, side="right")) - 1, []).append(row)

    def read(item: tuple[Partition, list[int]]) -> dict[int, str | None]:
        partition, here = item
        texts, found, _ = dataset.read_text(partition)
        index = {int(found[i]): int(i) for i in np.searchsorted(found, here) if i < len(found)}
        return {row: texts[index[row]].as_py() for row in here}

    items = [(dataset.partitions[i], here) for i, here in wanted.items()]
    with ThreadPoolExecutor() as pool:
        return {row: text for part in pool.map(read, items) for row, text in part.items()}
