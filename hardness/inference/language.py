"""Texts for a causal language model, encoded as `hardness train` does."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import pyarrow as pa

from hardness.errors import HardnessError
from hardness.inference.models import Loaded
from hardness.inference.parameters import max_length
from hardness.inference.probe import Encoded
from hardness.io.dataset import Dataset
from hardness.io.records import MESSAGES
from hardness.metrics.model_options import LanguageConfig
from hardness.training.chat import ChatLM
from hardness.training.columns import prompt_and_response
from hardness.training.examples import IGNORED, Example
from hardness.training.tasks import CausalLM

_UNLIMITED = sys.maxsize
"""Texts are encoded whole, so that it can be told how much of them is cut off."""


@dataclass(frozen=True, kw_only=True)
class LanguageText:
    """What the model is given and what it is scored on."""

    prompt: tuple[str, ...]
    response: tuple[str, ...]
    chat: bool
    """The response is a column of messages, of which those of the assistant are scored."""
    max_length: int

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns to read: all for a chat, as roles are read with those only."""
        return None if self.chat else (*self.prompt, *self.response)

    def task(self, model: Loaded) -> CausalLM:
        """The trainer's task."""
        if self.chat:
            return ChatLM(
                tokenizer=model.tokenizer, messages=self.response[0], max_length=_UNLIMITED
            )
        return CausalLM(
            tokenizer=model.tokenizer,
            prompt=self.prompt,
            response=self.response,
            max_length=_UNLIMITED,
        )

    def encode(self, task: CausalLM, table: pa.Table) -> list[Encoded]:
        """One for each record, in one piece."""
        cut = [self.cut(example) for example in task.encode(table)]
        return [Encoded(examples=(example,), cut=lost) for example, lost in cut]

    def cut(self, example: Example) -> tuple[Example, int]:
        """The example within the greatest length, and how many of its scored tokens are not."""
        target = _tokens(example)[: self.max_length]
        units = sum(token != IGNORED for token in target)
        kept = replace(example, ids=example.ids[: self.max_length], target=target, units=units)
        return kept, example.units - units


def language_text(dataset: Dataset, config: LanguageConfig, *, whole: bool) -> LanguageText:
    """Which columns are given, and which are scored.

    Args:
        dataset: the data.
        config: names columns; see `hardness.training.columns.prompt_and_response`.
        whole: where it names none, all text is scored, and nothing given.

    Raises:
        HardnessError: the data has no such columns.
    """
    text = dataset.columns.text
    prompt, response = config.prompt_columns, config.response_columns
    if whole and prompt is None and response is None:
        prompt, response = (), text
    prompt, response = prompt_and_response(text, prompt, response, known=dataset.column_names)
    kinds = {name: dataset.kinds.get(name) or dataset.kind_of(name) for name in response}
    chat = not prompt and list(kinds.values()) == [MESSAGES]
    longest = max_length(config)
    return LanguageText(prompt=prompt, response=response, chat=chat, max_length=longest)


def alone(example: Example, *, start: int | None) -> tuple[Example, Example]:
    """An example with its prompt, and without: the same tokens are scored in both.

    Without a start token nothing stands before the first token of a response alone, so that it is
    scored in neither.

    Args:
        example: prompt and response, cut to the greatest length.
        start: the start token's id.
    """
    target = _tokens(example)
    first = next((at for at, token in enumerate(target) if token != IGNORED), len(target))
    if start is None and first < len(target):
        target[first] = IGNORED
    units = sum(token != IGNORED for token in target)
    given = replace(example, target=target, units=units)
    before = [] if start is None else [start]
    bare = replace(
        example,
        ids=[*before, *example.ids[first:]],
        target=[IGNORED] * len(before) + target[first:],
        units=units,
    )
    return given, bare


def check_no_chat(text: LanguageText, metric: str) -> None:
    """Raises HardnessError for a chat, which has no one prompt and response."""
    if text.chat or not text.prompt:
        raise HardnessError(
            f"{metric} must have a prompt and a response, got "
            f"{', '.join(text.response)} alone; name their columns with --prompt and --response"
        )


def _tokens(example: Example) -> list[int]:
    assert not isinstance(example.target, int)
    return list(example.target)
