"""What the metrics of models refuse of the data, seen before a model is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from hardness.metrics import metrics
from hardness.stages.examine import examine
from tests.inference.conftest import save_classifier, write

PROMPT = {"prompt": "nothing"}


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
    found = metrics.get(metric)
    named = {"model": str(model)}
    if "base_model" in found.options:
        named["base_model"] = str(model)
    config = found.configure({**named, **options})
    with open_dataset(plain) as dataset, pytest.raises(HardnessError, match=message):
        examine(found, config, dataset)


@pytest.mark.parametrize("metric", ["pvi", "grand"])
def test_label_that_a_classifier_needs(
    plain: Path, model: Path, tmp_path: Path, metric: str
) -> None:
    folder = save_classifier(tmp_path / "classifier", model, "llama")
    found = metrics.get(metric)
    config = found.configure({"model": str(folder)})
    told = f"label must be a column of the data for {metric}, got none"
    with open_dataset(plain) as dataset, pytest.raises(HardnessError, match=told):
        examine(found, config, dataset)
