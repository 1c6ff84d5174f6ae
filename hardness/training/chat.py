"""Conversations: lists of messages, of which the assistant's are learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from hardness.errors import HardnessError
from hardness.training.examples import IGNORED, Example
from hardness.training.tasks import CausalLM

ASSISTANT = "assistant"


def is_chat(kind: pa.DataType) -> bool:
    """Whether a column of this type holds lists of messages with a role and a content."""
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        return False
    item = kind.value_type
    return pa.types.is_struct(item) and {"role", "content"} <= {field.name for field in item}


class ChatLM(CausalLM):
    """The next token of every turn of the assistant, all before it given.

    The conversation is written as the tokenizer's chat template says. Without one, each message is
    its role, a line end and its content, closed by the end token.
    """

    def __init__(self, *, tokenizer: Any, messages: str, max_length: int) -> None:
        super().__init__(
            tokenizer=tokenizer, prompt=(), response=(messages,), max_length=max_length
        )
        self._messages = messages
        self._templated = getattr(tokenizer, "chat_template", None) is not None

    def encode(self, table: pa.Table) -> list[Example]:
        """One example for each conversation."""
        encode = self._by_template if self._templated else self._plainly
        return [encode(messages or []) for messages in table.column(self._messages).to_pylist()]

    def _by_template(self, messages: Sequence[Mapping[str, Any]]) -> Example:
        """What the template adds for a turn of the assistant, after its header, is trained.

        The pieces are tokenised apart, so that no token straddles the mask's edge.
        """
        whole = self._written(messages)
        pieces: list[tuple[str, bool]] = []
        done = 0
        for index, message in enumerate(messages):
            if message["role"] == ASSISTANT and message["content"]:
                before = self._written(messages[:index], add_generation_prompt=True)
                after = self._written(messages[: index + 1])
                if not (after.startswith(before) and whole.startswith(after)):
                    raise HardnessError(
                        "chat template of the tokenizer must write a turn the same whatever "
                        "follows it, got one that does not; use a simpler template"
                    )
                pieces += [(whole[done : len(before)], False), (after[len(before) :], True)]
                done = len(after)
        pieces += [(whole[done:], False)]
        ids: list[int] = []
        target: list[int] = []
        for tokens, (_, trained) in zip(self.tokens([t for t, _ in pieces]), pieces, strict=True):
            ids += tokens
            target += tokens if trained else [IGNORED] * len(tokens)
        return self.example(ids, target)

    def _written(self, messages: Sequence[Mapping[str, Any]], **options: Any) -> str:
        if not messages and not options:
            return ""
        return self._tokenizer.apply_chat_template(list(messages), tokenize=False, **options)

    def _plainly(self, messages: Sequence[Mapping[str, Any]]) -> Example:
        start, end = self._tokenizer.bos_token_id, self._tokenizer.eos_token_id
        ids = [] if start is None else [start]
        target = [IGNORED] * len(ids)
        heads = self.tokens([f"{message['role']}\n" for message in messages]) if messages else []
        bodies = self.tokens([message["content"] or "" for message in messages]) if heads else []
        for message, head, body in zip(messages, heads, bodies, strict=True):
            turn = [*body] if end is None else [*body, end]
            trained = message["role"] == ASSISTANT and body
            ids += [*head, *turn]
            target += [IGNORED] * len(head) + (turn if trained else [IGNORED] * len(turn))
        return self.example(ids, target)
