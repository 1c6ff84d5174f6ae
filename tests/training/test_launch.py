"""Starting several processes from one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hardness.errors import HardnessError, OutputExistsError
from hardness.training import launch
from hardness.training.listener import Listener, StepReport
from hardness.training.run import train
from tests.training.conftest import MakeShards, pairs, save_small_model
from tests.training.ranks import ROOT


class Ear(Listener):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.notes: list[str] = []
        self.evaluations: list[Any] = []

    def step(self, report: StepReport) -> None:
        self.steps.append(report.step)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def evaluated(self, metrics: Any) -> None:
        self.evaluations.append(metrics)


@pytest.fixture
def job(make_shards: MakeShards, tmp_path: Path) -> dict[str, Any]:
    records = pairs(24)
    return {
        "shards": make_shards(records),
        "output": tmp_path / "run",
        "model": save_small_model(tmp_path / "base", records),
        "epochs": 1,
        "batch_size": 8,
        "max_length": 32,
        "device": "cpu",
    }


def test_a_run_on_two_processes_is_heard_and_found_by_one(job: dict[str, Any]) -> None:
    ear = Ear()
    result = train(nproc=2, eval=job["shards"], listener=ear, **job)
    assert ear.steps == [1, 2, 3]
    assert ear.evaluations == [result.evaluation]
    assert "label: label (no, yes)" in ear.notes
    config = json.loads((result.output / "config.json").read_text())
    assert config["environment"]["world_size"] == 2
    alone = train(eval=job["shards"], **job)
    assert alone.cached
    assert alone.evaluation == result.evaluation


@pytest.mark.parametrize(("first", "codes"), [(0, [0, 0]), (1, [1, -signal.SIGKILL])])
def test_only_ranks_beside_one_that_failed_must_end_soon(
    monkeypatch: pytest.MonkeyPatch, first: int, codes: list[int]
) -> None:
    monkeypatch.setattr(launch, "PATIENCE_S", 0.1)
    programs = [f"raise SystemExit({first})", f"import time; time.sleep({60 if first else 1})"]
    ranks = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    ranks[0].wait()
    assert launch._wait(ranks) == codes


def test_a_rank_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "ENDING_S", 0.5)
    programs = ["", "import time; time.sleep(60)"]
    ranks = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    assert launch._wait(ranks) == [0, -signal.SIGKILL]


def test_a_mistake_is_the_same_from_several_processes(job: dict[str, Any]) -> None:
    with pytest.raises(HardnessError, match="weighting must be one that the shards can serve"):
        train(nproc=2, weighting="shards", **job)


def test_another_run_is_told_apart_from_other_mistakes(job: dict[str, Any]) -> None:
    train(**job)
    with pytest.raises(OutputExistsError, match="with seed 0 instead of 1"):
        train(nproc=2, seed=1, **job)


def test_torchrun_starts_the_command_and_sigterm_ends_it_with_a_checkpoint(
    job: dict[str, Any],
) -> None:
    arguments = [
        f"--{name.replace('_', '-')}={value}"
        for name, value in job.items()
        if name not in ("shards", "epochs")
    ]
    code = "from tests.training.test_launch import command; command()"
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone",
        "--no-python", sys.executable, "-c", code, str(job["shards"]), *arguments,
        "--epochs=100000", "--checkpoint-every=0",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    metrics = Path(job["output"]) / "metrics.jsonl"
    try:
        deadline = time.monotonic() + 240
        while not (metrics.exists() and metrics.read_text()):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        process.wait(240)
    finally:
        process.kill()
    assert list((Path(job["output"]) / "checkpoints").glob("step-*"))


def command() -> None:
    """What `hardness train` does, without the other commands."""
    import typer

    from hardness.cli.train import train as run

    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(run)
    app()
