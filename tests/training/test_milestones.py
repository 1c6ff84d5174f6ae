"""When checkpoints are saved and evaluations made, over shards that hold several epochs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hardness.training.batches import BatchPlan
from hardness.training.run import RunResult, train
from hardness.training.runs import last_checkpoint
from tests.training.conftest import MakeShards, pairs, save_small_model
from tests.training.test_checkpoint import Interrupter, bits, steps_saved, stopped


@pytest.fixture
def job(make_shards: MakeShards, tmp_path: Path) -> dict[str, Any]:
    """Three epochs of 40 records in one pass: they end at steps 5, 10 and 15."""
    records = pairs(40)
    sequence = {name: values * 3 for name, values in records.items()}
    return {
        "shards": make_shards(sequence, rows=[*range(40)] * 3, epochs=3),
        "eval": make_shards(pairs(12, seed=1), name="eval"),
        "model": save_small_model(tmp_path / "base", records),
        "batch_size": 8,
        "max_length": 32,
        "device": "cpu",
        "keep": 9,
    }


def evaluated(result: RunResult) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (result.output / "metrics.jsonl").open()]
    return [line for line in lines if line["event"] == "eval"]


@pytest.mark.parametrize(
    ("options", "saved", "evaluations"),
    [
        pytest.param({}, [5, 10], [5, 10, 15], id="one an epoch"),
        pytest.param(
            {"epochs": 2}, [5, 10, 15, 20, 25], [5, 10, 15, 20, 25, 30], id="of two passes"
        ),
        pytest.param({"checkpoint_every": 6}, [6, 12], [5, 10, 15], id="checkpoints"),
        pytest.param({"checkpoint_every": 0}, [], [5, 10, 15], id="no checkpoints"),
        pytest.param({"eval_every": 4}, [5, 10], [4, 8, 12, 15], id="evaluations"),
    ],
)
def test_epochs_that_the_shards_hold_are_milestones(
    job: dict[str, Any],
    tmp_path: Path,
    options: dict[str, Any],
    saved: list[int],
    evaluations: list[int],
) -> None:
    result = train(output=tmp_path / "run", **{**job, **options})
    assert steps_saved(result.output) == saved
    assert last_checkpoint(result.output) == max(saved, default=None)
    lines = evaluated(result)
    assert [line["step"] for line in lines] == evaluations
    assert result.best == min(lines, key=lambda line: line["loss_nats"])


def test_milestones_do_not_change_the_model_and_are_gone_on_from(
    job: dict[str, Any], tmp_path: Path
) -> None:
    plain = train(output=tmp_path / "plain", **{**job, "eval": None, "checkpoint_every": 0})
    whole = train(output=tmp_path / "whole", **job)
    assert bits(whole) == bits(plain)
    stopped(job, tmp_path / "run", at=12)
    newest = tmp_path / "run" / "checkpoints" / "step-00000013"
    newest.rename(tmp_path / "set aside")  # what Ctrl-C would not have saved
    listener = Interrupter()
    result = train(output=tmp_path / "run", listener=listener, **job)
    assert "resuming from step 10 of 15" in listener.notes
    assert listener.steps == [11, 12, 13, 14, 15]
    assert bits(result) == bits(whole)
    assert evaluated(result) == evaluated(whole)
    assert result.best == whole.best


def test_a_run_begun_without_these_milestones_goes_on_with_them(
    job: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(output=tmp_path / "whole", **job)
    with monkeypatch.context() as patch:
        patch.setattr(BatchPlan, "ends_epoch", lambda plan, step: step + 1 == plan.total_steps)
        stopped(job, tmp_path / "run", at=7)
        once = train(output=tmp_path / "once", **job)
    result = train(output=tmp_path / "run", **job)
    assert bits(result) == bits(once) == bits(whole)
    assert [line["step"] for line in evaluated(result)] == [10, 15]
    assert [line["step"] for line in evaluated(once)] == [15]
    assert train(output=tmp_path / "once", **job).cached
