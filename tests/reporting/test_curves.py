"""Training curves of runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hardness.errors import HardnessError
from hardness.reporting.curves import POINTS, curves, find_runs, run_words


def make_run(
    folder: Path, *, weighting: str = "uniform", mean: float = 1.0, steps: int = 9
) -> Path:
    """A run of losses 1 / step and two evaluations."""
    folder.mkdir(parents=True)
    config = {
        "kind": "hardness-run",
        "options": {"model": "tiny", "weighting": weighting, "seed": 3},
        "data": {"order": "ascending"},
        "resolved": {"task": "classification", "total_steps": steps},
    }
    (folder / "config.json").write_text(json.dumps(config))
    lines: list[dict[str, Any]] = [
        {"event": "train", "step": step, "loss_nats": 1 / step, "weight_mean": mean}
        for step in range(1, steps + 1)
    ]
    for step in (steps // 2, steps):
        evaluated = {"event": "eval", "step": step, "loss_nats": 0.5, "accuracy_fraction": 0.75}
        lines.append(evaluated | {"perplexity": None})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_figures_are_those_that_were_logged(tmp_path: Path) -> None:
    make_run(tmp_path / "a")
    make_run(tmp_path / "b", weighting="s-loss", mean=1.5)
    runs = find_runs([tmp_path])
    figures = {figure.title: figure for figure in curves(runs)}
    assert list(figures) == ["Training loss", "Evaluation loss", "Accuracy", "Mean weight"]
    lines = figures["Training loss"].data["lines"]
    assert lines["run"] == ["a"] * 9 + ["b"] * 9
    assert lines["step"][:9] == list(range(1, 10))
    assert lines["value"][:2] == [1.0, 0.5]


def test_weights_that_are_all_one_are_not_drawn(tmp_path: Path) -> None:
    make_run(tmp_path / "a")
    assert "Mean weight" not in [figure.title for figure in curves(find_runs([tmp_path]))]


def test_long_runs_are_drawn_by_means(tmp_path: Path) -> None:
    make_run(tmp_path / "a", steps=1000)
    lines = curves(find_runs([tmp_path]))[0].data["lines"]
    assert len(lines["step"]) == POINTS
    assert np.all(np.diff(lines["step"]) > 0)
    assert lines["value"][0] == pytest.approx(np.mean([1, 1 / 2, 1 / 3]), rel=1e-4)


def test_runs_of_several_folders_have_names_of_their_own(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        make_run(tmp_path / folder / "run")
    runs = find_runs([tmp_path / "one", tmp_path / "two", tmp_path / "one" / "run"])
    assert [name for name, _ in runs] == ["one/run", "two/run"]
    rows = run_words(runs).rows
    assert rows[0] == ("one/run", "ascending", "uniform", "3", "9 of 9", "0.1111", "0.5", "0.75")


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HardnessError, match="folder must hold runs"):
        find_runs([tmp_path])
