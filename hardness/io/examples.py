"""Records of a dataset by their rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hardness.io.dataset import Dataset


def read_texts(dataset: Dataset, rows: Sequence[int]) -> list[str | None]:
    """The texts of some records, reading only the partitions they lie in.

    Args:
        rows: global rows of records that were not rejected, in any order.

    Raises:
        KeyError: the dataset has no readable record with that row.
    """
    wanted = set(rows)
    texts: dict[int, str | None] = {}
    for partition in dataset.partitions:
        span = range(partition.start_row, partition.start_row + partition.rows)
        here = [row for row in wanted if row in span]
        if not here:
            continue
        found, found_rows, _ = dataset.read_text(partition)
        for row in here:
            index = int(np.searchsorted(found_rows, row))
            if index < len(found_rows) and found_rows[index] == row:
                texts[row] = found[index].as_py()
    return [texts[row] for row in rows]
