"""The train command."""

from __future__ import annotations

import inspect
import os
import subprocess
import threading
from contextlib import suppress
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from hardness.cli.train import train
from hardness.curriculum.manifest import Manifest
from hardness.curriculum.write import write_shards
from hardness.errors import HardnessError
from hardness.io.dataset import Columns
from hardness.training.config import TrainConfig
from tests.cli.program import hardness


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    table = pa.table(
        {
            "text": ["good film", "bad film"] * 8,
            "label": ["pos", "neg"] * 8,
            "row": pa.array(range(16), pa.uint64()),
            "hardness": pa.array([i / 15 for i in range(16)], pa.float32()),
            "position": pa.array(range(16), pa.uint64()),
        }
    )
    manifest = Manifest(
        dataset={"digest": "0" * 32, "files": []},
        columns=Columns(text=("text",), label="label", id=None, group=None),
        metric={"name": "made", "column": "made", "direction": "higher", "parameters": {}},
        curriculum={"order": "ascending", "normalize": "rank", "nulls": "error"},
        hardness={"min": 0.0, "mean": 0.5, "max": 1.0, "nulls": 0},
        rows=16,
        shard_rows=16,
    )
    write_shards(tmp_path / "shards", table, manifest)
    return tmp_path / "shards"


def run(*arguments: object) -> Any:
    app = typer.Typer()
    app.command()(train)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_options_and_their_defaults_are_those_of_the_function() -> None:
    command = {
        name: parameter.default for name, parameter in inspect.signature(train).parameters.items()
    }
    empty = inspect.Parameter.empty
    config = {
        item.name: empty if item.default is MISSING else item.default
        for item in fields(TrainConfig)
    }
    assert command == config


def test_a_run_says_what_it_found_and_where_the_model_is(shards: Path, tmp_path: Path) -> None:
    result = run(shards, "-o", tmp_path / "run", "--eval", shards, "--batch-size", 8)
    assert result.exit_code == 0, result.output
    assert "task: classification, because the data has the label column label" in result.output
    assert "epoch 3, step 6: eval loss" in result.output
    assert (tmp_path / "run" / "model" / "model.safetensors").exists()
    again = run(shards, "-o", tmp_path / "run", "--eval", shards, "--batch-size", 8)
    assert "already holds this run" in again.output


def test_a_mistake_is_the_users_to_mend(shards: Path, tmp_path: Path) -> None:
    result = run(shards, "-o", tmp_path / "run", "--weighting", "s-los")
    assert isinstance(result.exception, HardnessError)
    assert "did you mean 's-loss'?" in str(result.exception)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs terminals")
@pytest.mark.parametrize("terminal", ["neither", "stderr"])
def test_the_bar_is_on_stderr_and_only_on_a_terminal(
    shards: Path, tmp_path: Path, terminal: str
) -> None:
    ours, theirs = os.openpty()
    shown = bytearray()
    # Meanwhile, as a terminal holds little: whoever writes more than that waits for a reader.
    reader = threading.Thread(target=read_all, args=(ours, shown))
    reader.start()
    done = hardness(
        *("train", shards, "-o", tmp_path / "run", "--epochs", "1", "--max-length", "8"),
        cwd=tmp_path,
        env={"TERM": "xterm", "COLUMNS": "100"},
        stderr=theirs if terminal == "stderr" else subprocess.PIPE,
    )
    os.close(theirs)
    reader.join()
    os.close(ours)
    assert done.returncode == 0
    # What is found goes to stdout in any case, and nothing else does.
    assert done.stdout.splitlines() == [
        "task: classification, because the data has the label column label",
        "label: label (neg, pos)",
        "text: text",
        f"model: {tmp_path / 'run' / 'model'}",
        f"metrics: {tmp_path / 'run' / 'metrics.jsonl'}",
    ]
    if terminal == "stderr":
        assert b"epoch 1" in shown
    else:
        assert done.stderr == ""


def read_all(terminal: int, into: bytearray) -> None:
    """Read until the other end is closed, which Linux tells by an error."""
    with suppress(OSError):
        while read := os.read(terminal, 65536):
            into += read
