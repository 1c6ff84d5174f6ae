"""The runs command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hardness.cli.console import console
from hardness.cli.runs import runs


def test_each_run_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", 200)
    for name, weighting in (("one", "uniform"), ("two", "s-loss")):
        folder = tmp_path / name
        folder.mkdir()
        config = {
            "kind": "hardness-run",
            "options": {"model": "tiny", "weighting": weighting, "seed": 0},
            "data": {"order": "ascending"},
            "resolved": {"task": "classification", "total_steps": 9},
        }
        (folder / "config.json").write_text(json.dumps(config))
        lines = [
            {"event": "train", "step": 9, "loss_nats": 0.5},
            {"event": "eval", "step": 9, "loss_nats": 0.625, "accuracy_fraction": 0.75},
        ]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    app = typer.Typer()
    app.command()(runs)
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, [str(tmp_path)])
    assert result.exit_code == 0, result.output
    one = next(line for line in result.output.splitlines() if line.startswith("one "))
    two = next(line for line in result.output.splitlines() if line.startswith("two "))
    for words in ("uniform", "9/9 …", "0.500", "0.625", "0.750"):
        assert words in one
    assert "s-loss" in two
    assert "task classification, model tiny, seed 0" in result.output
