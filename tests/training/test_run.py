"""Whole runs on small shards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from hardness.curriculum.shards import open_shards
from hardness.errors import HardnessError, OutputExistsError
from hardness.training.listener import Listener, StepReport
from hardness.training.run import RunResult, train
from tests.training.conftest import MakeShards, pairs, questions

SMALL: dict[str, Any] = {"epochs": 1, "batch_size": 8, "max_length": 32, "device": "cpu"}
TIMINGS = ("samples_per_s", "tokens_per_s", "step_s")


def parameters(result: RunResult) -> bytes:
    return (result.model / "model.safetensors").read_bytes()


def metrics(result: RunResult) -> list[dict[str, Any]]:
    lines = (result.output / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in TIMINGS} for line in lines]


def test_a_repeated_run_is_the_same_to_the_bit(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(60))
    torch.manual_seed(1)
    first = train(path, tmp_path / "a", eval=path, weighting="s-loss", log_every=2, **SMALL)
    torch.manual_seed(2)
    second = train(path, tmp_path / "b", eval=path, weighting="s-loss", log_every=2, **SMALL)
    assert parameters(first) == parameters(second)
    assert metrics(first) == metrics(second)


def test_another_seed_gives_another_model(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(30))
    first = train(path, tmp_path / "a", **SMALL)
    assert parameters(first) != parameters(train(path, tmp_path / "b", seed=1, **SMALL))


def test_labels_that_can_be_learnt_are_learnt(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(400), shard_rows=150, row_group_rows=50)
    held_out = make_shards(pairs(50, seed=1), name="eval")
    result = train(path, tmp_path / "run", eval=held_out, **{**SMALL, "epochs": 2})
    assert result.evaluation is not None
    assert result.evaluation["accuracy_fraction"] > 0.95


def test_a_language_model_learns(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(questions(200), text=("question", "answer"), label=None)
    result = train(path, tmp_path / "run", eval=path, log_every=1, **{**SMALL, "epochs": 3})
    losses = [line["loss_nats"] for line in metrics(result) if line["event"] == "train"]
    vocabulary = AutoTokenizer.from_pretrained(result.model).vocab_size
    assert losses[0] == pytest.approx(np.log(vocabulary), rel=0.1)  # knows nothing yet
    assert losses[-1] < losses[0] / 2
    assert result.evaluation is not None
    assert result.evaluation["perplexity"] == pytest.approx(np.exp(result.evaluation["loss_nats"]))


def test_the_saved_model_gives_the_evaluation_of_the_run(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    records = pairs(40)
    path = make_shards(records)
    result = train(path, tmp_path / "run", eval=path, **SMALL)
    model = AutoModelForSequenceClassification.from_pretrained(result.model).eval()
    tokenizer = AutoTokenizer.from_pretrained(result.model)
    encoded = tokenizer(
        records["premise"], records["hypothesis"], padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        predicted = model(**encoded).logits.argmax(-1).tolist()
    right = [
        model.config.id2label[index] == label
        for index, label in zip(predicted, records["label"], strict=True)
    ]
    assert result.evaluation is not None
    assert np.mean(right) == result.evaluation["accuracy_fraction"]


class Rows(Listener):
    """Collects the metrics of every step."""

    def __init__(self) -> None:
        self.reports: list[StepReport] = []
        self.notes: list[str] = []

    def step(self, report: StepReport) -> None:
        self.reports.append(report)

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_every_step_is_reported_and_every_nth_is_logged(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    path = make_shards(pairs(60))
    listener = Rows()
    result = train(path, tmp_path / "run", listener=listener, log_every=3, **SMALL)
    assert [report.step for report in listener.reports] == list(range(1, 9))
    logged = [line for line in metrics(result) if line["event"] == "train"]
    assert [line["step"] for line in logged] == [3, 6, 8]
    assert [line["position_rows"] for line in logged] == [24, 48, 60]
    assert [line["samples"] for line in logged] == [24, 24, 12]


def test_the_logged_weights_are_those_of_the_formula(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    # With hardness 0 and 1 by turns ω is 2 - s and s; s is the share of the steps taken.
    hardness = [0.0, 1.0] * 16
    path = make_shards(pairs(32), hardness=hardness)
    result = train(path, tmp_path / "run", weighting="s-loss", log_every=1, **SMALL)
    for step, line in enumerate(metrics(result)):
        s = step / 4
        assert line["progress_fraction"] == s
        assert line["weight_mean"] == pytest.approx(1.0)
        assert line["weight_max"] == pytest.approx(2 - s)
        assert line["weight_effective_fraction"] == pytest.approx(4 / (2 * ((2 - s) ** 2 + s**2)))


def test_weights_of_one_in_the_shards_change_nothing(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    path = make_shards(pairs(30), weight=[1.0] * 30)
    plain = train(path, tmp_path / "a", **SMALL)
    assert parameters(train(path, tmp_path / "b", weighting="shards", **SMALL)) == parameters(plain)


def test_records_of_no_weight_leave_no_trace(make_shards: MakeShards, tmp_path: Path) -> None:
    records = pairs(16)
    other = {**records, "hypothesis": [*records["hypothesis"][:8], *["quite another"] * 8]}
    weight = [1.0] * 8 + [0.0] * 8
    # One optimiser step: the weightless half is in the batch and must not move the model. The
    # tokenizer sees all texts, so it is made the same by training it on a saved model's.
    base = train(make_shards(records, name="all"), tmp_path / "base", **SMALL)
    options = {**SMALL, "batch_size": 16, "model": base.model, "weighting": "shards"}
    one = train(make_shards(records, name="s1", weight=weight), tmp_path / "one", **options)
    two = train(make_shards(other, name="s2", weight=weight), tmp_path / "two", **options)
    first = AutoModelForSequenceClassification.from_pretrained(one.model).state_dict()
    second = AutoModelForSequenceClassification.from_pretrained(two.model).state_dict()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], rtol=0, atol=1e-6, msg=name)


@pytest.mark.parametrize("task", ["classification", "causal-lm"])
def test_empty_records_are_never_nan(make_shards: MakeShards, tmp_path: Path, task: str) -> None:
    records = pairs(24)
    records["premise"] = ["", *records["premise"][1:16], *[None] * 8]
    records["hypothesis"] = [None, *records["hypothesis"][1:16], *[""] * 8]
    path = make_shards(records)
    result = train(path, tmp_path / "run", task=task, log_every=1, eval=path, **SMALL)
    logged = metrics(result)
    assert [line["samples"] for line in logged] == [7, 8, 0, 15]
    model = AutoModelForSequenceClassification if task == "classification" else AutoModelForCausalLM
    for parameter in model.from_pretrained(result.model).parameters():
        assert torch.isfinite(parameter).all()


def test_null_label_is_told_before_the_first_step(make_shards: MakeShards, tmp_path: Path) -> None:
    words = ["good", "bad"] * 20
    shards = make_shards({"text": words, "label": [*words[:-1], None]}, text=["text"])
    with pytest.raises(HardnessError, match="label must be there in every record, got null"):
        train(shards, tmp_path / "run", device="cpu")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        pytest.param([3, 1] * 15, {0: "1", 1: "3"}, id="numbers"),
        pytest.param([True, False] * 15, {0: "false", 1: "true"}, id="booleans"),
    ],
)
def test_labels_of_any_kind_end_up_in_the_models_config(
    make_shards: MakeShards, tmp_path: Path, labels: list[Any], names: dict[int, str]
) -> None:
    path = make_shards({**pairs(30), "label": labels})
    result = train(path, tmp_path / "run", **SMALL)
    config = AutoModelForSequenceClassification.from_pretrained(result.model).config
    assert config.id2label == names


def test_a_local_model_is_trained_on(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(200), shard_rows=100)
    first = train(path, tmp_path / "first", **SMALL)
    result = train(path, tmp_path / "second", model=first.model, lr=1e-9, eval=path, **SMALL)
    assert result.evaluation is not None
    assert result.evaluation["accuracy_fraction"] > 0.8
    lm = train(path, tmp_path / "lm", model=first.model, task="causal-lm", **SMALL)
    assert AutoModelForCausalLM.from_pretrained(lm.model).config.model_type == "llama"


def test_the_same_command_again_finds_the_run(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(30))
    result = train(path, tmp_path / "run", eval=path, **SMALL)
    listener = Rows()
    again = train(path, tmp_path / "run", eval=path, listener=listener, **SMALL)
    assert again.cached
    assert not listener.reports
    assert any("already holds this run" in note for note in listener.notes)
    assert again.evaluation == result.evaluation


@pytest.mark.parametrize("name", ["model", "best"])
@pytest.mark.parametrize("left", [None, "cut"], ids=["gone", "cut"])
def test_a_run_whose_model_is_lost_is_not_complete(
    make_shards: MakeShards, tmp_path: Path, name: str, left: str | None
) -> None:
    path = make_shards(pairs(30))
    options: dict[str, Any] = {**SMALL, "eval": path, "epochs": 2}
    first = train(path, tmp_path / "run", **options)
    before = {file.name: file.read_bytes() for file in (first.output / name).iterdir()}
    if left is None:
        shutil.rmtree(first.output / name)
    else:
        weights = first.output / name / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1])
    again = train(path, tmp_path / "run", **options)
    assert not again.cached
    assert {file.name: file.read_bytes() for file in (first.output / name).iterdir()} == before
    assert again.evaluation == first.evaluation
    assert train(path, tmp_path / "run", **options).cached


def test_overwrite_trains_again_what_is_complete(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(30))
    first = train(path, tmp_path / "run", **SMALL)
    before = parameters(first)
    listener = Rows()
    again = train(path, tmp_path / "run", overwrite=True, listener=listener, **SMALL)
    assert not again.cached
    assert listener.reports[0].step == 1
    assert parameters(again) == before


def test_another_run_is_not_overwritten_unless_told_to(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    path = make_shards(pairs(30))
    first = train(path, tmp_path / "run", **SMALL)
    message = "output must be a new folder or one of the same run, got .* with seed 0 instead of 1"
    with pytest.raises(OutputExistsError, match=message):
        train(path, tmp_path / "run", seed=1, **SMALL)
    before = parameters(first)
    second = train(path, tmp_path / "run", seed=1, overwrite=True, **SMALL)
    assert parameters(second) != before


def test_shards_that_were_built_again_are_another_run(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    path = make_shards(pairs(30))
    train(path, tmp_path / "run", **SMALL)
    shutil.rmtree(path)
    make_shards(pairs(30, seed=1))
    with pytest.raises(HardnessError, match="of a run with manifest_digest"):
        train(path, tmp_path / "run", **SMALL)


def test_a_folder_with_something_else_is_left_alone(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(HardnessError, match=r"output must be a new folder, got .* something else"):
        train(make_shards(pairs(30)), tmp_path / "mine", overwrite=True, **SMALL)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"


def test_the_folder_has_all_that_repeats_the_run(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(30))
    result = train(path, tmp_path / "run", weighting="s-loss", **SMALL)
    config = json.loads((result.output / "config.json").read_text())
    assert config["options"]["weighting"] == "s-loss"
    assert config["options"]["seed"] == 0
    assert config["data"]["manifest_digest"] == open_shards(path).manifest.digest
    assert config["resolved"]["task"] == "classification"
    assert config["resolved"]["labels"] == {"no": 0, "yes": 1}
    assert {"python", "torch", "transformers", "tokenizers", "hardness"} <= set(config["versions"])


def test_the_task_follows_from_the_label_and_is_said(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    listener = Rows()
    train(make_shards(pairs(30)), tmp_path / "a", listener=listener, **SMALL)
    assert "task: classification, because the data has the label column label" in listener.notes
    listener = Rows()
    path = make_shards(questions(30), name="lm", text=("question", "answer"), label=None)
    train(path, tmp_path / "b", listener=listener, **SMALL)
    assert "task: causal-lm, because the data has no label column" in listener.notes
    assert "text: question → answer" in listener.notes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"task": "classification"},
            "task must be causal-lm for data without a label column",
            id="no label",
        ),
        pytest.param(
            {"weighting": "shards"}, "shards without a column weight; build them", id="no weight"
        ),
        pytest.param(
            {"response": "reply"},
            "response must be among the columns question, answer",
            id="column",
        ),
        pytest.param(
            {"prompt": "answer", "response": "answer"},
            "response must be columns that are not in the prompt",
            id="prompt is response",
        ),
    ],
)
def test_options_that_the_data_cannot_serve_are_refused(
    make_shards: MakeShards, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    path = make_shards(questions(10), text=("question", "answer"), label=None)
    with pytest.raises(HardnessError, match=message):
        train(path, tmp_path / "run", **SMALL, **options)
    assert not (tmp_path / "run").exists()


def test_a_prompt_can_be_chosen(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(questions(30), text=("question", "answer"), label=None)
    listener = Rows()
    train(path, tmp_path / "run", response="question", listener=listener, **SMALL)
    assert "text: answer → question" in listener.notes


def test_an_altered_shard_stops_the_run(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(60))
    shard = path / "shard-00001.parquet"
    content = bytearray(shard.read_bytes())
    content[40] ^= 1
    shard.write_bytes(bytes(content))
    with pytest.raises(HardnessError, match=r"shard-00001\.parquet"):
        train(path, tmp_path / "run", **SMALL)


def test_the_callers_generator_and_settings_are_left_alone(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    path = make_shards(pairs(30))
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    train(path, tmp_path / "run", **SMALL)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.are_deterministic_algorithms_enabled()
