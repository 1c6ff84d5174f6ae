"""Conversations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hardness.errors import HardnessError
from hardness.training.chat import ChatLM, is_chat
from hardness.training.examples import IGNORED
from hardness.training.run import train
from hardness.training.tiny import tiny_tokenizer, train_bpe
from tests.training.conftest import MakeShards

TALK = [
    {"role": "user", "content": "what is it"},
    {"role": "assistant", "content": "a dog"},
    {"role": "user", "content": "sure"},
    {"role": "assistant", "content": "quite sure"},
]
TEMPLATE = (
    "{% for m in messages %}[{{ m.role }}] {{ m.content }}.{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)


@pytest.fixture
def tokenizer() -> Any:
    return tiny_tokenizer(train_bpe([message["content"] for message in TALK]), max_length=64)


def trained(tokenizer: Any, messages: list[dict[str, Any]] | None, max_length: int = 64) -> str:
    task = ChatLM(tokenizer=tokenizer, messages="messages", max_length=max_length)
    kind = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    (example,) = task.encode(pa.table({"messages": pa.array([messages], kind)}))
    inputs, targets = task.collate([example])
    assert example.units == int((targets != IGNORED).sum())
    kept = targets[0, :-1] != IGNORED
    assert targets[0, :-1][kept].tolist() == inputs["input_ids"][0, 1:][kept].tolist()
    return tokenizer.decode(targets[0][targets[0] != IGNORED])


def test_the_assistants_turns_are_trained_without_a_template(tokenizer: Any) -> None:
    assert trained(tokenizer, TALK) == " a dog</s> quite sure</s>"


def test_the_assistants_turns_are_trained_as_the_template_writes_them(tokenizer: Any) -> None:
    tokenizer.chat_template = TEMPLATE
    assert trained(tokenizer, TALK) == " a dog. quite sure."


@pytest.mark.parametrize("template", [None, TEMPLATE])
@pytest.mark.parametrize("messages", [None, [], TALK[:1], [{"role": "assistant", "content": ""}]])
def test_a_conversation_with_nothing_to_learn_has_no_units(
    tokenizer: Any, template: str | None, messages: list[dict[str, Any]] | None
) -> None:
    tokenizer.chat_template = template
    assert trained(tokenizer, messages) == ""


def test_a_long_conversation_is_cut_off(tokenizer: Any) -> None:
    assert trained(tokenizer, TALK * 9, max_length=30).startswith(" a dog</s>")


def test_a_template_that_rewrites_what_it_wrote_is_refused(tokenizer: Any) -> None:
    tokenizer.chat_template = "{{ messages | length }}" + TEMPLATE
    with pytest.raises(HardnessError, match="must write a turn the same whatever follows it"):
        trained(tokenizer, TALK)


def test_conversations_are_told_by_their_type() -> None:
    struct = pa.struct([("role", pa.string()), ("content", pa.string())])
    assert is_chat(pa.list_(struct))
    assert not is_chat(pa.list_(pa.string()))
    assert not is_chat(pa.string())


def test_shards_of_conversations_are_trained_on(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards({"messages": [TALK] * 20}, text=("messages",), label=None)
    result = train(path, tmp_path / "run", eval=path, device="cpu", epochs=1, batch_size=5)
    assert result.evaluation is not None
    assert result.evaluation["units"] % 20 == 0
