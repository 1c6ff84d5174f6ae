"""Records to examples and logits to losses."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest
import torch

from hardness.errors import HardnessError
from hardness.training.examples import IGNORED
from hardness.training.tasks import CausalLM, Classification
from hardness.training.tiny import tiny_tokenizer, train_bpe

TEXTS = ["a dog runs", "an animal moves", "what is it", "it is a dog"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny_tokenizer(train_bpe(TEXTS), max_length=64)


def classification(tokenizer: Any, max_length: int = 64) -> Classification:
    return Classification(
        tokenizer=tokenizer,
        text=["premise", "hypothesis"],
        label="label",
        ids={"no": 0, "yes": 1},
        max_length=max_length,
    )


def causal(tokenizer: Any, max_length: int = 64) -> CausalLM:
    return CausalLM(
        tokenizer=tokenizer, prompt=["question"], response=["answer"], max_length=max_length
    )


def test_two_texts_are_encoded_as_a_pair(tokenizer: Any) -> None:
    table = pa.table({"premise": ["a dog"], "hypothesis": ["it is"], "label": ["yes"]})
    (example,) = classification(tokenizer).encode(table)
    assert tokenizer.decode(example.ids) == "<s> a dog<sep> it is</s>"
    assert (example.target, example.units) == (1, 1)


def test_a_record_without_text_has_no_units(tokenizer: Any) -> None:
    table = pa.table(
        {
            "premise": ["", None, "a"],
            "hypothesis": pa.array([None, "", None], pa.string()),
            "label": ["no"] * 3,
        }
    )
    assert [e.units for e in classification(tokenizer).encode(table)] == [0, 0, 1]


@pytest.mark.parametrize("label", [None, "maybe"])
def test_a_label_that_is_no_class_is_refused(tokenizer: Any, label: str | None) -> None:
    table = pa.table({"premise": ["a"], "hypothesis": ["b"], "label": pa.array([label])})
    with pytest.raises(HardnessError, match="label must be one of no, yes, got"):
        classification(tokenizer).encode(table)


def test_only_the_response_is_trained(tokenizer: Any) -> None:
    task = causal(tokenizer)
    table = pa.table({"question": ["what is it"], "answer": ["it is a dog"]})
    examples = task.encode(table)
    inputs, targets = task.collate(examples)
    trained = inputs["input_ids"][0, 1:][targets[0, :-1] != IGNORED]
    assert tokenizer.decode(inputs["input_ids"][0]) == "<s> what is it\n it is a dog</s>"
    assert tokenizer.decode(trained) == " it is a dog</s>"
    assert examples[0].units == len(trained)
    assert targets[0, -1] == IGNORED


def test_a_target_is_the_token_after_its_position(tokenizer: Any) -> None:
    task = causal(tokenizer)
    table = pa.table({"question": ["what", "what is it"], "answer": ["it is", "a dog runs"]})
    inputs, targets = task.collate(task.encode(table))
    following = inputs["input_ids"][:, 1:]
    kept = targets[:, :-1] != IGNORED
    assert torch.equal(targets[:, :-1][kept], following[kept])


@pytest.mark.parametrize(
    ("question", "answer", "max_length"),
    [
        pytest.param("what is it", "", 64, id="empty response"),
        pytest.param("what is it", None, 64, id="no response"),
        pytest.param("what is it " * 20, "it is a dog", 8, id="response cut off"),
    ],
)
def test_a_response_that_is_gone_has_no_units(
    tokenizer: Any, question: str, answer: str | None, max_length: int
) -> None:
    task = causal(tokenizer, max_length)
    table = pa.table({"question": [question], "answer": pa.array([answer], pa.string())})
    examples = task.encode(table)
    _, targets = task.collate(examples)
    assert examples[0].units == 0
    assert len(examples[0].ids) <= max_length
    assert (targets == IGNORED).all()
    assert task.losses(torch.randn(*targets.shape, len(tokenizer)), targets).tolist() == [0.0]


def test_the_loss_of_a_class_is_its_negative_log_probability(tokenizer: Any) -> None:
    # softmax of (ln 3, 0) is (3/4, 1/4)
    logits = torch.tensor([[math.log(3), 0.0], [math.log(3), 0.0]])
    task = classification(tokenizer)
    losses = task.losses(logits, torch.tensor([0, 1]))
    assert losses.tolist() == pytest.approx([-math.log(3 / 4), -math.log(1 / 4)])
    assert task.hits(logits, torch.tensor([0, 1])).tolist() == [1.0, 0.0]


def test_the_loss_of_a_text_is_the_mean_over_its_trained_tokens(tokenizer: Any) -> None:
    # Two trained tokens with probabilities 3/4 and 1/4 of two; the third position is masked.
    logits = torch.tensor([[[math.log(3), 0.0], [math.log(3), 0.0], [9.0, 0.0]]])
    targets = torch.tensor([[0, 1, IGNORED]])
    task = causal(tokenizer)
    expected = -(math.log(3 / 4) + math.log(1 / 4)) / 2
    assert task.losses(logits, targets).tolist() == pytest.approx([expected])
    assert task.hits(logits, targets).tolist() == [0.5]


def test_padding_changes_no_loss(tokenizer: Any) -> None:
    from transformers import LlamaForCausalLM

    from hardness.training.tiny import tiny_config

    torch.manual_seed(0)
    model = LlamaForCausalLM(tiny_config(tokenizer, max_length=64)).eval()
    task = causal(tokenizer)
    table = pa.table({"question": ["what", "what is it"], "answer": ["it is", "a dog runs here"]})
    both_inputs, both_targets = task.collate(task.encode(table))
    one_inputs, one_targets = task.collate(task.encode(table.slice(0, 1)))
    with torch.no_grad():
        both = task.losses(model(**both_inputs).logits, both_targets)
        one = task.losses(model(**one_inputs).logits, one_targets)
    assert one_targets.shape[1] < both_targets.shape[1]
    torch.testing.assert_close(both[:1], one, rtol=0, atol=1e-5)
