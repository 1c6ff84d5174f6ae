"""How many records each label has, as stages that read the labels anyway count them.

A partition's result has its classes under `classes` and, beside them, their records under `counts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

_FEW = 10
"""So few classes of a single record may be what a small dataset has."""


def count_classes(labels: np.ndarray, n_classes: int) -> list[int]:
    """The records of each class.

    Args:
        labels: int32 (n,), 0 to n_classes - 1, less than 0 for none.
        n_classes: how many classes there are.
    """
    return np.bincount(labels[labels >= 0], minlength=n_classes).tolist()


def add_counts(results: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The records of each label in all partitions, whose results are given."""
    total: Counter[str] = Counter()
    for result in results:
        total.update(dict(zip(result["classes"], result["counts"], strict=True)))
    return dict(total)


def label_notes(counts: Mapping[str, int], label: str | None) -> list[str]:
    """What the user should be told of labels that may be none.

    Args:
        counts: the records of each label, as text.
        label: the column.
    """
    notes = []
    single = sum(count == 1 for count in counts.values())
    if single > max(_FEW, len(counts) // 2):
        notes.append(
            f"{single:,} of {len(counts):,} labels in column {label!r} have a single record, from "
            "which no other can be told; if it holds no classes, name the column with --label"
        )
    # Classes that are numbered begin with 0, and sentiments from -1 to 1 may be meant.
    if "-1" in counts and "0" in counts and all(name.lstrip("-").isdigit() for name in counts):
        notes.append(
            f"-1 in column {label!r} counts as a class, with {counts['-1']:,} records; if it means "
            "that there is no gold label, as in Hugging Face datasets, make it null there"
        )
    return notes
