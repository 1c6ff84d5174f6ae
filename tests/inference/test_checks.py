"""What the metrics of models refuse of the data, seen before a model is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from hardness.metrics import metrics
from hardness.stages.examine import examine
from tests.inference.conftest import save_classifier, write

PROMPT = {"prompt": "nothing"}


def refused(data: Path, metric: str, options: dict[str, Any], message: str) -> None:
    """Examining the data for a metric of these options must fail with this message."""
    found = metrics.get(metric)
    config = found.configure(options)
    with open_dataset(data) as dataset, pytest.raises(HardnessError, match=message):
        examine(found, config, dataset)


def needed(metric: str, model: Path) -> dict[str, str]:
    """The options that name a metric's models, all this one."""
    options = metrics.get(metric).options
    return {name: str(model) for name in ("model", "base_model") if name in options}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return write(tmp_path / "plain.jsonl", [{"text": "one"}, {"text": "two"}])


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        ("lm", PROMPT, "prompt must be among the columns text, got nothing"),
        ("ifd", {}, "ifd must have a prompt and a response, got text alone"),
        ("learnability", PROMPT, "prompt must be among the columns text, got nothing"),
        ("conditional", PROMPT, "prompt must be among the columns text, got nothing"),
        ("grand", PROMPT, "prompt must be among the columns text, got nothing"),
    ],
)
def test_columns_that_a_language_model_needs(
    plain: Path, model: Path, metric: str, options: dict[str, Any], message: str
) -> None:
    refused(plain, metric, {**needed(metric, model), **options}, message)


@pytest.mark.parametrize("metric", ["pvi", "grand"])
def test_label_that_a_classifier_needs(
    plain: Path, model: Path, tmp_path: Path, metric: str
) -> None:
    folder = save_classifier(tmp_path / "classifier", model, "llama")
    told = f"label must be a column of the data for {metric}, got none"
    refused(plain, metric, {"model": str(folder)}, told)


@pytest.mark.parametrize(
    ("metric", "option", "kind", "told"),
    [
        ("lm", "model", "llama", "causal-lm, got .*, a LlamaForSequenceClassification; fine-tune"),
        ("lm", "model", "bert", "causal-lm, got .*, a BertForSequenceClassification; fine-tune"),
        ("ifd", "model", "llama", "causal-lm, got"),
        ("learnability", "model", "llama", "causal-lm, got"),
        ("learnability", "base_model", "llama", "causal-lm, got"),
        ("conditional", "base_model", "llama", "causal-lm, got"),
        ("pvi", "model", "causal", "classification, got .*, a LlamaForCausalLM; fine-tune"),
        ("pvi", "null_model", "causal", "classification, got"),
    ],
)
def test_a_model_of_another_task_is_refused(
    tmp_path: Path, model: Path, metric: str, option: str, kind: str, told: str
) -> None:
    data = write(tmp_path / "data.jsonl", [{"prompt": "a", "response": "b", "label": "yes"}])
    other = model
    if kind != "causal":
        other = save_classifier(tmp_path / "classifier", model, kind)
    right = save_classifier(tmp_path / "right", model, "llama") if metric == "pvi" else model
    message = f"^{option} must be a model that was trained for {told}"
    refused(data, metric, {**needed(metric, right), option: str(other)}, message)


@pytest.mark.parametrize("name", ["LlamaForTokenClassification", "LlamaForQuestionAnswering"])
def test_grand_is_of_a_classifier_of_texts_or_a_language_model(
    plain: Path, model: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "other"
    shutil.copytree(model, folder)
    settings = json.loads((folder / "config.json").read_text()) | {"architectures": [name]}
    (folder / "config.json").write_text(json.dumps(settings))
    told = f"model must be a model that was trained for causal-lm, got .*, a {name}"
    refused(plain, "grand", {"model": str(folder)}, told)
