"""Options that change what is trained or how it is computed, each seen to do so."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

from hardness.errors import HardnessError
from hardness.training.run import RunResult, train
from tests.training.conftest import MakeShards, pairs, save_small_model


@pytest.fixture
def job(make_shards: MakeShards, tmp_path: Path) -> dict[str, Any]:
    records = pairs(24)
    return {
        "shards": make_shards(records, weight=[1.0 + i % 2 for i in range(24)]),
        "model": save_small_model(tmp_path / "base", records),
        "epochs": 1,
        "batch_size": 8,
        "max_length": 32,
        "device": "cpu",
        "lr": 1e-3,
        "log_every": 1,
    }


def state(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def difference(one: RunResult, other: RunResult) -> float:
    here, there = state(one.model), state(other.model)
    assert here.keys() == there.keys()
    return max((here[name] - there[name]).abs().max().item() for name in here)


def losses(result: RunResult) -> list[float]:
    lines = [json.loads(line) for line in (result.output / "metrics.jsonl").open()]
    return [line["loss_nats"] for line in lines if line["event"] == "train"]


def test_only_what_the_pattern_finds_is_trained(job: dict[str, Any], tmp_path: Path) -> None:
    result = train(output=tmp_path / "run", trainable="^score", **job)
    before, after = state(Path(job["model"])), state(result.model)
    assert all(torch.equal(before[n], after[n]) for n in after if not n.startswith("score"))
    other = train(output=tmp_path / "short", trainable="^score", **{**job, "lr": 1e-9})
    assert not torch.equal(after["score.weight"], state(other.model)["score.weight"])


def test_a_pattern_that_finds_nothing_is_refused(job: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(HardnessError, match="trainable must find at least one parameter"):
        train(output=tmp_path / "run", trainable="nothing", **job)
    assert not (tmp_path / "run").exists()


def test_a_run_is_not_replaced_by_one_that_is_refused(job: dict[str, Any], tmp_path: Path) -> None:
    train(output=tmp_path / "run", **job)
    before = state(tmp_path / "run" / "model")
    with pytest.raises(HardnessError, match="trainable must find at least one parameter"):
        train(output=tmp_path / "run", trainable="nothing", overwrite=True, **job)
    after = state(tmp_path / "run" / "model")
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_lora_trains_adapters_and_saves_a_plain_model(job: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("peft")
    result = train(output=tmp_path / "run", lora=2, **{**job, "epochs": 2})
    before, after = state(Path(job["model"])), state(result.model)
    assert not [name for name in after if "lora" in name]
    assert torch.equal(before["model.embed_tokens.weight"], after["model.embed_tokens.weight"])
    name = "model.layers.0.self_attn.q_proj.weight"
    moved = after[name] - before[name]
    assert 1 <= torch.linalg.matrix_rank(moved, rtol=1e-3) <= 2
    AutoModelForSequenceClassification.from_pretrained(result.model)


@pytest.mark.parametrize(
    ("option", "module"), [({"lora": 2}, "peft"), ({"tensorboard": True}, "tensorboard")]
)
def test_a_missing_extra_is_told_before_anything_is_written(
    option: dict[str, Any],
    module: str,
    job: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (extra,) = option
    with pytest.raises(HardnessError, match=rf"pip install 'hardness\[{extra}\]'"):
        train(output=tmp_path / "run", **option, **job)
    assert not (tmp_path / "run").exists()


def test_accumulation_changes_nothing_but_rounding(job: dict[str, Any], tmp_path: Path) -> None:
    whole = train(output=tmp_path / "1", weighting="s-loss", **job)
    parts = train(output=tmp_path / "3", weighting="s-loss", accumulate=3, **job)
    assert losses(parts) == pytest.approx(losses(whole), rel=1e-4)
    assert 0 < difference(whole, parts) < 1e-4


def test_activation_checkpointing_changes_nothing(job: dict[str, Any], tmp_path: Path) -> None:
    plain = train(output=tmp_path / "a", **job)
    saving = train(output=tmp_path / "b", activation_checkpointing=True, **job)
    assert difference(plain, saving) < 1e-6


def test_bf16_is_near_and_not_the_same(job: dict[str, Any], tmp_path: Path) -> None:
    exact = train(output=tmp_path / "a", **job)
    rough = train(output=tmp_path / "b", precision="bf16", **job)
    assert losses(rough) != losses(exact)
    assert losses(rough) == pytest.approx(losses(exact), rel=0.05)
    assert all(tensor.dtype == torch.float32 for tensor in state(rough.model).values())


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="no tensorboard")
def test_tensorboard_gets_the_lines_of_the_metrics(job: dict[str, Any], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = train(output=tmp_path / "run", tensorboard=True, **job)
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    found = [(event.step, event.value) for event in events.Scalars("train/loss_nats")]
    assert [step for step, _ in found] == [1, 2, 3]
    assert [value for _, value in found] == pytest.approx(losses(result), rel=1e-6)


def test_clipping_bounds_the_step(job: dict[str, Any], tmp_path: Path) -> None:
    lines = [
        json.loads(line)
        for line in (train(output=tmp_path / "a", **job).output / "metrics.jsonl").open()
    ]
    assert all(line["gradient_norm"] > 1e-6 for line in lines)
    # Adam forgets the scale of a gradient but not where its epsilon drowns it.
    clipped = train(output=tmp_path / "b", clip=1e-12, weight_decay=0.0, **job)
    free = train(output=tmp_path / "c", clip=0.0, weight_decay=0.0, **job)
    start = state(Path(job["model"]))["model.norm.weight"]
    assert (state(clipped.model)["model.norm.weight"] - start).abs().max() < 1e-5
    assert (state(free.model)["model.norm.weight"] - start).abs().max() > 1e-4


def test_the_best_evaluation_is_kept(
    job: dict[str, Any], tmp_path: Path, make_shards: MakeShards
) -> None:
    records = pairs(24, seed=3)
    # The opposite of what is learnt, so that the model is soon worse than at first.
    records["label"] = ["no" if label == "yes" else "yes" for label in records["label"]]
    path = make_shards(records, name="other")
    options = {**job, "lr": 1e-2, "epochs": 3, "schedule": "constant"}
    result = train(output=tmp_path / "run", eval=path, eval_every=1, **options)
    lines = [json.loads(line) for line in (result.output / "metrics.jsonl").open()]
    evaluated = [line for line in lines if line["event"] == "eval"]
    assert [line["step"] for line in evaluated] == list(range(1, 10))
    best = min(evaluated, key=lambda line: line["loss_nats"])
    assert result.best is not None
    assert result.best["loss_nats"] == best["loss_nats"] < evaluated[-1]["loss_nats"]
    again = train(
        path, tmp_path / "again", model=result.output / "best", eval=path, max_length=32,
        lr=1e-12, epochs=1, batch_size=8, device="cpu",
    )  # fmt: skip
    assert again.evaluation is not None
    assert again.evaluation["loss_nats"] == pytest.approx(best["loss_nats"], rel=1e-4)
