"""The grand metric: norms of gradients, as automatic differentiation finds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from hardness.errors import HardnessError
from tests.inference.conftest import Score, records
from tests.inference.oracle import load, tokens

FIRST = 30


def norm(loss: torch.Tensor, layer: torch.nn.Linear) -> float:
    """‖∂loss/∂(W, b)‖ of a layer."""
    gradients = torch.autograd.grad(loss, list(layer.parameters()))
    return float(torch.cat([g.flatten() for g in gradients]).double().norm())


def test_norm_is_that_of_the_head_of_a_classifier(score: Score, classifier: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    frame = score("grand", model=str(classifier), text="answer")
    model: Any = AutoModelForSequenceClassification.from_pretrained(classifier).eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(classifier)
    head = model.classifier if classifier.name == "bert" else model.score
    assert (head.bias is not None) == (classifier.name == "bert")
    for row, found in zip(records(300)[:FIRST], frame["grand"].to_list(), strict=False):
        if not row["answer"] or row["label"] is None:
            assert found is None
            continue
        logits = model(**tokenizer(row["answer"], return_tensors="pt")).logits
        loss = torch.nn.functional.cross_entropy(
            logits, torch.tensor([row["label"] == "yes"]).long()
        )
        assert found == pytest.approx(norm(loss, head), rel=1e-4)


def test_closed_form_of_a_classifier(score: Score, classifier: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    row = records(300)[0]
    model: Any = AutoModelForSequenceClassification.from_pretrained(classifier).eval()
    head = model.classifier if classifier.name == "bert" else model.score
    inputs: list[torch.Tensor] = []
    head.register_forward_hook(lambda module, given, output: inputs.append(given[0].detach()))
    encoded: Any = AutoTokenizer.from_pretrained(classifier)(row["answer"], return_tensors="pt")
    with torch.no_grad():
        p = torch.softmax(model(**encoded).logits[0].double(), -1)
    p[int(row["label"] == "yes")] -= 1
    hidden = inputs[0].double().reshape(-1, inputs[0].shape[-1])[-1]
    expected = p.norm() * (hidden.square().sum() + float(head.bias is not None)).sqrt()
    found = score("grand", model=str(classifier), text="answer")["grand"][0]
    assert found == pytest.approx(float(expected), rel=1e-4)


def test_norm_is_that_of_the_head_of_a_language_model(score: Score, model: Path) -> None:
    frame = score("grand", model=str(model), response="answer", prompt="question")
    lm, tokenizer = load(model)
    # The head shares its weights with the embeddings; what those see of the loss does not count.
    lm.lm_head.weight = torch.nn.Parameter(lm.lm_head.weight.detach().clone())
    for row, found in zip(records(300)[:FIRST], frame["grand"].to_list(), strict=False):
        if not row["answer"]:
            assert found is None
            continue
        given = [tokenizer.bos_token_id, *tokens(tokenizer, f"{row['question'] or ''}\n")]
        ids = [*given, *tokens(tokenizer, row["answer"]), tokenizer.eos_token_id][:64]
        logits = lm(input_ids=torch.tensor([ids])).logits[0]
        at = torch.arange(len(given), len(ids))
        loss = torch.nn.functional.cross_entropy(logits[at - 1], torch.tensor(ids)[at])
        assert found == pytest.approx(norm(loss, lm.lm_head), rel=1e-4)


def test_columns_of_a_classifier_are_its_text(score: Score, classifier: Path) -> None:
    with pytest.raises(HardnessError, match="prompt and response must be left out with a classif"):
        score("grand", model=str(classifier), response="answer")
