"""The runs command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from rich.cells import cell_len
from typer.testing import CliRunner

from hardness.cli.console import console
from hardness.cli.runs import runs


def show(folder: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command prints where the terminal is that wide."""
    monkeypatch.setattr(console, "_width", width)
    app = typer.Typer()
    app.command()(runs)
    result = CliRunner().invoke(app, [str(folder)])
    assert result.exit_code == 0, result.output
    return result.output


def make_run(folder: Path, weighting: str) -> None:
    folder.mkdir(parents=True)
    config = {
        "kind": "hardness-run",
        "options": {"model": "tiny", "weighting": weighting, "seed": 0},
        "data": {"order": "ascending"},
        "resolved": {"task": "classification", "total_steps": 1125},
    }
    (folder / "config.json").write_text(json.dumps(config))
    lines = [
        {"event": "train", "step": 1125, "loss_nats": 0.5},
        {"event": "eval", "step": 1125, "loss_nats": 0.625, "accuracy_fraction": 0.75},
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))


CELLS = ("uniform", "1125/1125 …", "0.500", "0.625", "0.750")


def test_each_run_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "one", "uniform")
    make_run(tmp_path / "two", "s-loss")
    lines = show(tmp_path, 200, monkeypatch).splitlines()
    one = next(line for line in lines if line.startswith("one "))
    two = next(line for line in lines if line.startswith("two "))
    assert all(cell in one for cell in CELLS)
    assert "s-loss" in two
    assert "task classification, model tiny, seed 0" in lines


@pytest.mark.parametrize("width", [80, 60, 40])
@pytest.mark.parametrize("name", ["ascending", "s-loss_of-many.words", "x" * 24])
def test_narrow_terminals_break_no_word(
    tmp_path: Path, width: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path / "demo/runs" / name, "uniform")
    make_run(tmp_path / "demo/runs/random", "s-loss")
    table = show(tmp_path, width, monkeypatch).partition("seed 0\n")[2].partition("\n\ntrain,")[0]
    lines = table.splitlines()
    assert max(map(len, lines)) <= width
    shown = " ".join(lines)
    for word in (*re.findall("[a-z]+", f"demo runs random {name}"), *CELLS):
        assert word in shown
    assert "demo/runs/" in shown


@pytest.mark.parametrize("width", [80, 40, 24, 12])
@pytest.mark.parametrize("word", ["name0" * 24, "näme0" * 24, "名前は長い" * 24])
def test_no_width_cuts_a_name_without_separators(
    tmp_path: Path, width: int, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path / f"a-{word}"[:80], "uniform")
    make_run(tmp_path / "two", f"top-k:{word}")
    printed = show(tmp_path, width, monkeypatch).partition("seed 0\n")[2].partition("\n\ntrain,")[0]
    lines = printed.splitlines()
    assert max(map(cell_len, lines)) <= width
    for table in printed.split("\n\n"):
        # The first column, whose lines are one under the other.
        whole = "".join(line.split(" ")[0] for line in table.splitlines())
        assert f"a-{word}"[:80] in whole
    assert f"top-k:{word}" in "".join(printed.split())
    assert printed.count("…") == 2  # the steps of runs that did not end
