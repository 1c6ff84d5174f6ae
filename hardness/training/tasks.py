"""What a task makes of a record and of a model's output.

Legend: m examples, T tokens of the longest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from hardness.errors import HardnessError
from hardness.training.config import CAUSAL_LM, CLASSIFICATION
from hardness.training.examples import IGNORED, Example, column_texts, pad_inputs
from hardness.training.labels import label_name
from hardness.training.losses import (
    class_hits,
    class_losses,
    class_terms,
    token_hits,
    token_losses,
    token_terms,
)


class Task(Protocol):
    """One way to train: how records become examples and logits become losses."""

    name: str
    """As on the command line."""
    columns: tuple[str, ...]
    """The columns of the data that it reads."""
    padding: Example
    """An example without units, for a rank that has no record left in a micro-batch."""

    def encode(self, table: pa.Table) -> list[Example]:
        """One example for each record."""
        ...

    def collate(self, examples: Sequence[Example]) -> tuple[dict[str, Tensor], Tensor]:
        """Padded model inputs and targets."""
        ...

    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[m] l_i in nats, float32: the mean over the example's own trained tokens."""
        ...

    def terms(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """`losses`, and [4, m] what is observed of each example."""
        ...

    def hits(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[m] share of the example that the model gets right, in [0, 1], float64."""
        ...

    def summary(self, *, loss: float, hits: float) -> dict[str, float]:
        """The metrics to report, from the means over units."""
        ...


class Classification:
    """One label for each record."""

    name = CLASSIFICATION

    def __init__(
        self,
        *,
        tokenizer: Any,
        text: Sequence[str],
        label: str,
        ids: Mapping[str, int],
        max_length: int,
    ) -> None:
        self.columns = (*text, label)
        self._tokenizer = tokenizer
        self._first = tuple(text[:-1]) or tuple(text)
        self._second = (text[-1],) if len(text) > 1 else ()
        self._label = label
        self._ids = ids
        self._max_length = max_length
        self._with_types = "token_type_ids" in tokenizer.model_input_names
        self.padding = Example(ids=(), target=0, units=0, types=() if self._with_types else None)

    def encode(self, table: pa.Table) -> list[Example]:
        """Two text columns go to the tokenizer as a pair; of more, the last is the second.

        Raises:
            HardnessError: a label that is null or not one of the classes.
        """
        pair = (column_texts(table, self._second),) if self._second else ()
        encoded = self._tokenizer(
            column_texts(table, self._first),
            *pair,
            truncation=True,
            max_length=self._max_length,
            return_attention_mask=False,
            return_special_tokens_mask=True,
            return_token_type_ids=self._with_types,
        )
        types = encoded["token_type_ids"] if self._with_types else [None] * table.num_rows
        return [
            Example(ids=ids, types=kinds, target=self._class(label), units=int(0 in special))
            for ids, kinds, special, label in zip(
                encoded["input_ids"],
                types,
                encoded["special_tokens_mask"],
                table.column(self._label).to_pylist(),
                strict=True,
            )
        ]

    def _class(self, value: Any) -> int:
        index = None if value is None else self._ids.get(label_name(value))
        if index is None:
            raise HardnessError(
                f"{self._label} must be one of {', '.join(self._ids)}, got {value!r}; "
                "give every record one of the labels that the model is trained on"
            )
        return index

    def collate(self, examples: Sequence[Example]) -> tuple[dict[str, Tensor], Tensor]:
        """Inputs [m, T] and class ids [m]."""
        inputs = pad_inputs(examples, self._tokenizer.pad_token_id)
        return inputs, torch.tensor([example.target for example in examples])

    losses = staticmethod(class_losses)
    terms = staticmethod(class_terms)
    hits = staticmethod(class_hits)

    def summary(self, *, loss: float, hits: float) -> dict[str, float]:
        """Mean loss and accuracy."""
        return {"loss_nats": loss, "accuracy_fraction": hits}


class CausalLM:
    """The next token of each response, its prompt given."""

    name = CAUSAL_LM

    def __init__(
        self, *, tokenizer: Any, prompt: Sequence[str], response: Sequence[str], max_length: int
    ) -> None:
        self.columns = (*prompt, *response)
        self._tokenizer = tokenizer
        self._prompt = tuple(prompt)
        self._response = tuple(response)
        self._max_length = max_length
        self.padding = Example(ids=(), target=(), units=0)

    @property
    def start(self) -> int | None:
        """The id of the start token, if the tokenizer has one."""
        return self._tokenizer.bos_token_id

    def encode(self, table: pa.Table) -> list[Example]:
        """Start token, prompt, line end, response, end token; cut off on the right.

        Prompt and response are tokenised apart, so that no token straddles the mask's edge.
        """
        end = self._tokenizer.eos_token_id
        prefix = [] if self.start is None else [self.start]
        suffix = [] if end is None else [end]
        prompts: list[list[int]] = [[]] * table.num_rows
        if self._prompt:
            prompts = self.tokens([text + "\n" for text in column_texts(table, self._prompt)])
        examples = []
        responses = self.tokens(column_texts(table, self._response))
        for before, after in zip(prompts, responses, strict=True):
            ids = [*prefix, *before, *after, *suffix]
            given = len(prefix) + len(before) if after else len(ids)
            examples.append(self.example(ids, [IGNORED] * given + ids[given:]))
        return examples

    def example(self, ids: list[int], target: list[int]) -> Example:
        """An example cut off at the greatest length; its first token has nothing to follow from."""
        ids, target = ids[: self._max_length], [IGNORED, *target[1 : self._max_length]]
        return Example(ids=ids, target=target, units=sum(token != IGNORED for token in target))

    def tokens(self, texts: list[str]) -> list[list[int]]:
        """Token ids of each text, without special ones."""
        return self._tokenizer(texts, add_special_tokens=False, return_attention_mask=False)[
            "input_ids"
        ]

    def collate(self, examples: Sequence[Example]) -> tuple[dict[str, Tensor], Tensor]:
        """Inputs [m, T] and, at each position, the token after it [m, T]."""
        inputs = pad_inputs(examples, self._tokenizer.pad_token_id)
        targets = np.full(inputs["input_ids"].shape, IGNORED, dtype=np.int64)
        for index, example in enumerate(examples):
            if example.units:
                assert not isinstance(example.target, int)
                targets[index, : len(example.ids) - 1] = example.target[1:]
        return inputs, torch.from_numpy(targets)

    losses = staticmethod(token_losses)
    terms = staticmethod(token_terms)
    hits = staticmethod(token_hits)

    def summary(self, *, loss: float, hits: float) -> dict[str, float]:
        """Loss per token, its exponential, and the share of tokens got right."""
        perplexity = math.exp(loss) if loss < 700 else math.inf
        return {
            "loss_nats": loss,
            "perplexity": perplexity,
            "token_accuracy_fraction": hits,
        }
