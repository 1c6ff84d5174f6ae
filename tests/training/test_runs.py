"""Summaries of runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hardness.errors import HardnessError
from hardness.training.run import train
from hardness.training.runs import list_runs
from tests.training.conftest import MakeShards, pairs

SMALL: dict[str, Any] = {"epochs": 1, "batch_size": 8, "max_length": 32, "device": "cpu"}


def test_finished_and_unfinished_runs_are_told_apart(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    path = make_shards(pairs(30))
    done = train(path, tmp_path / "runs" / "a", eval=path, log_every=1, **SMALL)
    train(path, tmp_path / "runs" / "deep" / "b", weighting="s-loss", seed=3, **SMALL)
    (tmp_path / "runs" / "deep" / "b" / "result.json").unlink()
    with (tmp_path / "runs" / "a" / "metrics.jsonl").open("a") as file:
        file.write('{"event": "tr')
    first, second = list_runs(tmp_path / "runs")
    assert (first.path.name, second.path.name) == ("a", "b")
    assert (first.finished, second.finished) == (True, False)
    assert (first.step, first.total_steps) == (4, 4)
    assert (first.task, first.order, first.model) == ("classification", "ascending", "tiny")
    assert first.evaluation == done.evaluation == first.best
    assert (second.weighting, second.seed, second.evaluation) == ("s-loss", 3, None)
    assert list_runs(tmp_path / "runs" / "a") == [first]


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"kind": "something else"}')
    with pytest.raises(HardnessError, match="folder must hold runs of `hardness train`"):
        list_runs(tmp_path)


def test_listing_runs_loads_no_torch() -> None:
    code = "import sys, hardness.training.runs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
