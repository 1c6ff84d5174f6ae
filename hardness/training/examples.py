"""Encoded records and the padded batches made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

IGNORED = -100
"""The target of a position that is not trained on, as in torch's cross entropy."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One record as token ids."""

    ids: Sequence[int]
    """Token ids, special ones included, at most `max_length`."""
    target: int | Sequence[int]
    """Classification: the class id. Causal LM: for each token itself if it is trained, else
    IGNORED."""
    units: int
    """What the example weighs in the reduction: 1 or the number of trained tokens; 0 when nothing
    of it is left."""
    types: Sequence[int] | None = None
    """Segment of each token, for models that want it."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Padded examples of one micro-batch and what stands beside them.

    Legend: m examples, T tokens of the longest.
    """

    inputs: dict[str, Tensor]
    """`input_ids` and `attention_mask` [m, T] int64, and `token_type_ids` if the model wants it."""
    targets: Tensor
    """Classification: [m] class ids. Causal LM: [m, T], at t the id of token t + 1, or IGNORED."""
    units: Tensor
    """[m] float64, see `Example.units`."""
    rows: np.ndarray
    """[m] uint64 rows of the records, -1 wrapped round for padding examples."""
    hardness: Tensor
    """[m] float64 in [0, 1]; ½, which leaves every S-Loss at 1, where it is null."""
    weight: Tensor | None
    """[m] float64 of the shards' `weight` column, if they have one."""
    complete: bool
    """Whether every example has units; known here, so that no one has to ask a GPU."""

    @property
    def size(self) -> int:
        """m."""
        return len(self.rows)

    def to(self, device: torch.device) -> Batch:
        """The same batch with its tensors on `device`."""
        if device.type == "cpu":
            return self

        def move(tensor: Tensor) -> Tensor:
            return tensor.pin_memory().to(device, non_blocking=True)

        return Batch(
            inputs={name: move(tensor) for name, tensor in self.inputs.items()},
            targets=move(self.targets),
            units=move(self.units),
            rows=self.rows,
            hardness=move(self.hardness),
            weight=None if self.weight is None else move(self.weight),
            complete=self.complete,
        )


def pad_inputs(examples: Sequence[Example], pad_id: int) -> dict[str, Tensor]:
    """`input_ids` and `attention_mask`, padded on the right to the longest example.

    The first token is attended to even where an example is empty: attention over nothing would
    be NaN, and its loss is left out anyway.
    """
    width = max(1, *(len(example.ids) for example in examples))
    ids = np.full((len(examples), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(examples), width), dtype=np.int64)
    mask[:, 0] = 1
    for index, example in enumerate(examples):
        ids[index, : len(example.ids)] = example.ids
        mask[index, : len(example.ids)] = 1
    inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
    if examples[0].types is not None:
        types = np.zeros((len(examples), width), dtype=np.int64)
        for index, example in enumerate(examples):
            types[index, : len(example.ids)] = example.types or ()
        inputs["token_type_ids"] = torch.from_numpy(types)
    return inputs


def column_texts(table: pa.Table, names: Sequence[str]) -> list[str]:
    """The named columns of each record as one text, joined by line ends; a null is left out."""
    columns = [table.column(name).to_pylist() for name in names]
    return [
        "\n".join(_text(value) for value in values if value is not None)
        for values in zip(*columns, strict=True)
    ]


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        contents = [item.get("content") if isinstance(item, dict) else item for item in value]
        return "\n".join(str(content) for content in contents if content is not None)
    return str(value)
