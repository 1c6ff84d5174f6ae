"""Stopping, resuming and damaged checkpoints, on one process."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from hardness.errors import HardnessError
from hardness.training.checkpoint import Checkpoints
from hardness.training.listener import Listener, StepReport
from hardness.training.parallel import World
from hardness.training.run import RunResult, train
from tests.training.conftest import MakeShards, pairs, save_small_model

CPU = World(device=torch.device("cpu"))


@pytest.fixture
def job(make_shards: MakeShards, tmp_path: Path) -> dict[str, Any]:
    records = pairs(40)
    return {
        "shards": make_shards(records),
        "model": save_small_model(tmp_path / "base", records),
        "epochs": 2,
        "batch_size": 8,
        "max_length": 32,
        "device": "cpu",
        "log_every": 3,
        "checkpoint_every": 2,
    }


class Interrupter(Listener):
    """Notes what happens, and sends SIGTERM after a step."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.stop_at = stop_at
        self.steps: list[int] = []
        self.notes: list[str] = []

    def step(self, report: StepReport) -> None:
        self.steps.append(report.step)
        if report.step == self.stop_at:
            os.kill(os.getpid(), signal.SIGTERM)

    def note(self, text: str) -> None:
        self.notes.append(text)


def bits(result: RunResult) -> bytes:
    return (result.model / "model.safetensors").read_bytes()


def steps_saved(output: Path) -> list[int]:
    return sorted(int(path.name[5:]) for path in (output / "checkpoints").glob("step-*"))


def stopped(job: dict[str, Any], output: Path, at: int) -> None:
    with pytest.raises(SystemExit) as caught:
        train(output=output, listener=Interrupter(at), **job)
    assert caught.value.code == 143


def test_sigterm_saves_and_the_same_call_goes_on_to_the_same_bits(
    job: dict[str, Any], tmp_path: Path
) -> None:
    whole = train(output=tmp_path / "whole", **job)
    handler = signal.getsignal(signal.SIGTERM)
    stopped(job, tmp_path / "run", at=5)
    assert signal.getsignal(signal.SIGTERM) is handler
    assert steps_saved(tmp_path / "run")[-1] == 6  # agreed on in the step after the signal
    assert not (tmp_path / "run" / "result.json").exists()
    listener = Interrupter()
    result = train(output=tmp_path / "run", listener=listener, **job)
    assert "resuming from step 6 of 10" in listener.notes
    assert listener.steps == [7, 8, 9, 10]
    assert bits(result) == bits(whole)
    assert _metrics(tmp_path / "run") == _metrics(tmp_path / "whole")


def test_only_the_newest_checkpoints_are_kept(job: dict[str, Any], tmp_path: Path) -> None:
    train(output=tmp_path / "run", keep=3, **job)
    assert steps_saved(tmp_path / "run") == [4, 6, 8]


def test_checkpoints_can_be_left_out(job: dict[str, Any], tmp_path: Path) -> None:
    train(output=tmp_path / "run", **{**job, "checkpoint_every": 0})
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize("damage", ["altered", "truncated", "missing", "no state", "half a state"])
def test_a_damaged_checkpoint_is_passed_over(
    job: dict[str, Any], tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole = train(output=tmp_path / "whole", **job)
    stopped(job, tmp_path / "run", at=7)
    newest = max((tmp_path / "run" / "checkpoints").glob("step-*"))
    tensors, state = next(newest.glob("*.distcp")), newest / "state.json"
    if damage == "altered":
        content = bytearray(tensors.read_bytes())
        content[len(content) // 2] ^= 1
        tensors.write_bytes(bytes(content))
    elif damage == "truncated":
        tensors.write_bytes(tensors.read_bytes()[:-1])
    elif damage == "missing":
        tensors.unlink()
    elif damage == "no state":
        state.unlink()
    else:
        state.write_text(state.read_text()[:40])
    listener = Interrupter()
    with caplog.at_level(logging.WARNING):
        result = train(output=tmp_path / "run", listener=listener, **job)
    assert "step-00000008 is damaged" in caplog.text
    assert listener.steps[0] == 7
    assert bits(result) == bits(whole)


def test_a_half_written_checkpoint_is_never_seen(tmp_path: Path) -> None:
    checkpoints = Checkpoints(folder=tmp_path, world=CPU, keep=2)
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(model.parameters())

    def fail(folder: Path) -> None:
        assert folder.exists()
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="the disk is gone"):
        checkpoints.save(1, model, optimizer, {}, also=fail)
    assert checkpoints.latest() is None
    checkpoints.save(1, model, optimizer, {})
    found = checkpoints.latest()
    assert found is not None
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]


def test_model_and_optimizer_come_back_as_they_were(tmp_path: Path) -> None:
    def made() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 2)
        return model, torch.optim.AdamW(model.parameters(), lr=0.1)

    def step(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        model(torch.ones(1, 3)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    checkpoints = Checkpoints(folder=tmp_path, world=CPU, keep=2)
    model, optimizer = made()
    step(model, optimizer)
    checkpoints.save(1, model, optimizer, {"answer": 42})
    step(model, optimizer)
    again, again_optimizer = made()
    found = checkpoints.latest()
    assert found is not None
    assert found[1]["answer"] == 42
    checkpoints.load(found[0], again, again_optimizer)
    step(again, again_optimizer)
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("checkpoint_every", [1, 0])
def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_rows(
    job: dict[str, Any], tmp_path: Path, make_shards: MakeShards, checkpoint_every: int
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    records = pairs(40)
    # One token whose embedding is not a number, in the records at positions 17 and 20.
    for position in (17, 20):
        records["hypothesis"][position] = "zzz"
    base = save_small_model(tmp_path / "broken", records)
    model: Any = AutoModelForCausalLM.from_pretrained(base)
    tokenizer = AutoTokenizer.from_pretrained(base)
    (token,) = tokenizer(" zzz", add_special_tokens=False).input_ids
    model.get_input_embeddings().weight.data[token] = torch.nan
    model.save_pretrained(base)
    path = make_shards(records, name="with-zzz")
    from hardness.curriculum.shards import open_shards

    rows = open_shards(path).column("row").to_pylist()
    broken = {**job, "shards": path, "model": base, "checkpoint_every": checkpoint_every}
    named = ", ".join(map(str, sorted([rows[17], rows[20]])))
    with pytest.raises(HardnessError, match=f"loss must be finite, .* at step 3 for row {named};"):
        train(output=tmp_path / "run", **broken)
    if checkpoint_every:
        assert steps_saved(tmp_path / "run") == [1, 2]  # none of a model that is not finite


def test_a_run_that_was_stopped_and_changed_is_another_run(
    job: dict[str, Any], tmp_path: Path
) -> None:
    stopped(job, tmp_path / "run", at=3)
    with pytest.raises(HardnessError, match="with epochs 2 instead of 3"):
        train(output=tmp_path / "run", **{**job, "epochs": 3})


def test_a_run_without_a_checkpoint_starts_again(job: dict[str, Any], tmp_path: Path) -> None:
    whole = train(output=tmp_path / "whole", **job)
    stopped(job, tmp_path / "run", at=3)
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    result = train(output=tmp_path / "run", **job)
    assert bits(result) == bits(whole)
    assert _metrics(tmp_path / "run") == _metrics(tmp_path / "whole")


def _metrics(output: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    return [{key: line[key] for key in line if not key.endswith("_s")} for line in lines]
