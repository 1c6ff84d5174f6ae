"""Records with a label, for a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import UnlabelledError
from hardness.inference.models import Loaded
from hardness.inference.probe import Encoded
from hardness.io.dataset import Dataset
from hardness.training.examples import Example
from hardness.training.labels import label_name
from hardness.training.tasks import Classification


class LabelledTask(Classification):
    """The trainer's task, and with one more token, which tells what was cut off from what fits."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)
        self.longer = Classification(max_length=max_length + 1, **options)


@dataclass(frozen=True, kw_only=True)
class LabelledText:
    """The text and the label that a classifier is asked for."""

    text: tuple[str, ...]
    label: str
    max_length: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read."""
        return (*self.text, self.label)

    def task(self, model: Loaded) -> LabelledTask:
        """The trainer's task."""
        return LabelledTask(
            tokenizer=model.tokenizer,
            text=self.text,
            label=self.label,
            ids=model.labels,
            max_length=self.max_length,
        )

    def encode(self, task: LabelledTask, table: pa.Table) -> list[Encoded]:
        """One for each record, without units where it has no label."""
        known = np.flatnonzero(np.asarray(table.column(self.label).is_valid()))
        examples: list[Example] = [task.padding] * table.num_rows
        cut = [0] * table.num_rows
        if len(known):
            for at, example in zip(known, task.encode(table.take(known)), strict=True):
                examples[at] = example
        full = [at for at, example in enumerate(examples) if len(example.ids) == self.max_length]
        if full:
            for at, longer in zip(full, task.longer.encode(table.take(full)), strict=True):
                cut[at] = int(len(longer.ids) > self.max_length)
        return [Encoded(examples=(e,), cut=lost) for e, lost in zip(examples, cut, strict=True)]

    def empty(self, task: LabelledTask, labels: Mapping[str, int]) -> list[Example]:
        """An example without text for each label, to be computed all the same."""
        columns = {name: pa.array([""] * len(labels)) for name in self.text}
        table = pa.table({**columns, self.label: pa.array(list(labels))})
        return [replace(example, units=1) for example in task.encode(table)]


def labelled_text(dataset: Dataset, metric: str, *, max_length: int) -> LabelledText:
    """The text columns and the label column of a dataset.

    Raises:
        HardnessError: it has no label column.
    """
    label = dataset.columns.label
    if label is None:
        raise UnlabelledError(
            f"label must be a column of the data for {metric}, got none; name it with --label"
        )
    return LabelledText(text=dataset.columns.text, label=label, max_length=max_length)


def label_names(values: pa.ChunkedArray) -> list[str]:
    """What the labels are called; without nulls."""
    return [label_name(value) for value in values.to_pylist() if value is not None]
