"""Options of model scores that do not fit, each refused with one message before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hardness.errors import HardnessError
from tests.inference.conftest import Score


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        ("lm", {"model": None}, "model must be the folder of .*, got none; name it with --model"),
        ("learnability", {}, "base_model must be .*, got none; name it with --base-model"),
        ("lm", {"model": "absent"}, "got 'absent', no such folder; save one there"),
        ("lm", {"model": "."}, r"got '\.', a folder without config\.json; save one there"),
        ("pvi", {"null_model": "absent"}, "null_model must be .*, got 'absent', no such folder"),
        ("lm", {"max_length": 7}, "max_length must be at least 8, got 7"),
        ("lm", {"max_length": 65}, "max_length must be at most 64, the longest input of"),
        ("lm", {"batch_tokens": 0}, "batch_tokens must be at least 1, got 0"),
        ("lm", {"device": "gpu"}, "device must be one of auto, cpu, cuda, got 'gpu'"),
        ("lm", {"precision": "fp8"}, "precision must be one of fp32, bf16, got 'fp8'"),
        ("lm", {"prompt": "questoin"}, "prompt must be among the columns id, question, answer"),
        ("lm", {"prompt": "answer", "response": "answer"}, "response must be columns that are not"),
        (
            "lm",
            {"base_model": "x"},
            "options of metric lm must be among model, max_length, batch_tokens, device, "
            "precision, prompt, response, got base_model; leave it out",
        ),
    ],
)
def test_options_that_do_not_fit_are_named(
    score: Score, data: Path, model: Path, metric: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(HardnessError, match=message):
        score(metric, **{"model": str(model), **options})
    assert not list(data.parent.glob("table/*/metric.json"))


def test_folder_of_a_run_is_not_that_of_its_model(
    score: Score, data: Path, model: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    (run / "model").mkdir(parents=True)
    (run / "config.json").write_text("{}")
    with pytest.raises(HardnessError, match=r"model must be the folder .*; name .*run/model"):
        score("lm", model=str(run))


def test_bf16_is_near_fp32(score: Score, model: Path) -> None:
    exact = score("lm", model=str(model))
    rough = score("lm", "rough", model=str(model), precision="bf16")
    difference = (rough["nll"] / exact["nll"] - 1).abs().max()
    assert isinstance(difference, float)
    assert 0 < difference < 0.02
