"""Options are checked all at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hardness.errors import HardnessError
from hardness.training.config import TrainConfig


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"epochs": 0}, "epochs must be a whole number from 1, got 0; give 1", id="low"
        ),
        pytest.param({"epochs": 1.5}, "epochs must be a whole number from 1, got 1.5", id="real"),
        pytest.param({"batch_size": True}, "batch_size must be a whole number", id="boolean"),
        pytest.param({"lr": 0.0}, "lr must be a number above 0, got 0.0", id="no rate"),
        pytest.param({"lr": float("nan")}, "lr must be a number above 0, got nan", id="nan"),
        pytest.param({"warmup": 1.0}, r"warmup must be in \[0, 1\), got 1.0", id="warmup"),
        pytest.param({"clip": -1.0}, "clip must be at least 0, got -1.0", id="clip"),
        pytest.param({"max_length": 4}, "max_length must be a whole number from 8", id="length"),
        pytest.param(
            {"task": "clasification"},
            "task must be one of classification, causal-lm, got 'clasification'; "
            "did you mean 'classification'",
            id="task",
        ),
        pytest.param({"weighting": "sloss"}, "did you mean 's-loss'", id="weighting"),
        pytest.param({"schedule": "step"}, "schedule must be one of linear, cosine", id="schedule"),
        pytest.param({"device": "tpu"}, "device must be one of auto, cpu, cuda", id="device"),
        pytest.param(
            {"model": "nowhere"},
            "model must be 'tiny' or the folder of a local Hugging Face model, got 'nowhere', "
            "no such folder",
            id="model",
        ),
        pytest.param(
            {"record_logits": True},
            "record_dynamics must be 'during' or 'after' with record_logits, .* got None; use "
            "--record-dynamics or leave out --record-logits",
            id="logits of nothing",
        ),
        pytest.param({"epoch": 2}, "got 'epoch'; did you mean 'epochs'", id="unknown option"),
    ],
)
def test_a_wrong_option_is_met_with_its_rule_and_a_fix(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(HardnessError, match=message):
        TrainConfig.of(shards="s", output="o", **options)


def test_all_wrong_options_are_reported_together() -> None:
    with pytest.raises(HardnessError) as caught:
        TrainConfig(shards="s", output="o", epochs=0, batch_size=-1, task="x", weighting="y")
    lines = str(caught.value).splitlines()
    assert lines[0] == "4 options are wrong:"
    assert [line.split()[0] for line in lines[1:]] == ["task", "weighting", "epochs", "batch_size"]


def test_the_defaults_depend_on_the_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert TrainConfig(shards="s", output="o").peak_lr == 1e-3
    assert TrainConfig(shards="s", output="o", model=tmp_path).peak_lr == 2e-5
    assert TrainConfig(shards="s", output="o", model=tmp_path, lr=0.1).peak_lr == 0.1


def test_columns_can_be_given_as_one_text_or_several() -> None:
    config = TrainConfig(shards="s", output="o", prompt="a, b", response=["c"])
    assert config.prompt_columns == ("a", "b")
    assert config.response_columns == ("c",)


def test_the_json_form_has_every_option() -> None:
    config = TrainConfig(shards=Path("s"), output="o", eval=[Path("a"), "b"])
    again = json.loads(json.dumps(config.to_dict()))
    assert again["shards"] == "s"
    assert again["eval"] == ["a", "b"]
    assert TrainConfig.of(**again).to_dict() == again
