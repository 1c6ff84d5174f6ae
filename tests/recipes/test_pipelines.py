"""Every pipeline that comes with hardness, run at a small size."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardness.demo.sample import SampleConfig, write_sample
from hardness.io.shipped import PIPELINES
from hardness.recipes.run import MARK, StepReport, run
from hardness.stages.connect import local_workers

SMALL = {"train.epochs": "1", "train.max_length": "32", "train.checkpoint_every": "0"}
CHANGES = {
    "quickstart": {"data": "train.jsonl", **SMALL},
    "snli-sloss": {
        "data": "train.jsonl", "eval": "eval.jsonl", "epochs": "1",
        "plain.max_length": "32", "s-loss.max_length": "32",
    },
    "gsm8k-causal-lm": {
        "data": "questions.jsonl", "eval": "questions.jsonl", "epochs": "1", **SMALL,
    },
    "cartography-proxy": {"data": "train.jsonl", "folds": "2", "epochs": "1", **SMALL},
    "online-reweighting": {"data": "train.jsonl", "epochs": "2"},
    "kenlm-filter": {"data": "train.jsonl", "reference": "eval.jsonl", **SMALL},
    "cluster": {"data": "train.jsonl"},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A generated sample, and questions with answers."""
    write_sample(tmp_path, SampleConfig(train_rows=160, eval_rows=40))
    draw = random.Random(0)
    sums = [(draw.randrange(20), draw.randrange(20)) for _ in range(80)]
    lines = [
        json.dumps({"question": f"what is {a} and {b} ?", "answer": f"it is {a + b} ."}) + "\n"
        for a, b in sums
    ]
    (tmp_path / "questions.jsonl").write_text("".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def scheduler() -> Iterator[str]:
    with local_workers(2) as client:
        yield client.scheduler_info()["address"]


def test_every_pipeline_is_run() -> None:
    assert set(CHANGES) == set(PIPELINES.files())


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_pipeline_runs_and_finds_itself_finished(
    name: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    changes = CHANGES[name] | {"output": "out"}
    if name == "cluster":
        changes["scheduler"] = request.getfixturevalue("scheduler")
    if name == "kenlm-filter":
        pytest.importorskip("kenlm")
    if name != "cluster":
        pytest.importorskip("altair")
    run(name, changes=changes)
    steps = json.loads((folder / "out" / MARK).read_text())["steps"]
    again: list[StepReport] = run(name, changes=changes)
    assert [report.state for report in again] == ["finished"] * len(steps)
    for report in again:
        assert report.result is None or report.result.cached, report.step.name
    if name != "cluster":
        assert "</html>" in (folder / "out" / "report.html").read_text(encoding="utf-8")
