"""Classifiers as proxies: trained on the other folds, gone on with where they were stopped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hardness
from hardness import HardnessError
from hardness.curriculum.shards import open_shards
from hardness.inference import proxy
from hardness.training.listener import Listener, StepReport
from tests.inference.conftest import records, write
from tests.stages.test_score import contents

N = 60


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Records of 12 groups, one without a label and one without text."""
    rows = [row | {"source": index // 5} for index, row in enumerate(records(N))]
    rows[3] |= {"question": "", "answer": ""}
    return write(tmp_path / "data.jsonl", rows)


def score(data: Path, model: Path | str, output: Path, **options: Any) -> pl.DataFrame:
    options = {"folds": 2, "proxy_epochs": 2} | options
    table = hardness.score(
        data, metric="cartography", proxy=str(model), text="question,answer", label="label",
        output=output, threads=1, **options,
    ).table  # fmt: skip
    return table.frame("cartography").collect()


class Watched(Listener):
    """Counts steps, and interrupts after some."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.steps: list[int] = []
        self.stop_at = stop_at

    def step(self, report: StepReport) -> None:
        self.steps.append(report.step)
        if len(self.steps) == self.stop_at:
            raise KeyboardInterrupt


def watch(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> list[dict[str, Any]]:
    """Have the trainer tell the listener; returns what each run was given."""
    calls: list[dict[str, Any]] = []
    train = hardness.train

    def watched(shards: Path, output: Path, **options: Any) -> Any:
        observed = open_shards(options["observe"])
        columns = ["row", "label"]
        calls.append(
            {
                "fold": output.parent.name,
                "trained": pl.from_arrow(open_shards(shards).read(0, N, columns)),
                "observed": pl.from_arrow(observed.read(0, N, columns)),
            }
        )
        return train(shards, output, listener=listener, **options)

    monkeypatch.setattr(proxy, "train", watched)
    return calls


def test_every_record_with_a_label_and_a_text_is_observed(
    data: Path, model: Path, tmp_path: Path
) -> None:
    frame = score(data, model, tmp_path / "t")
    unseen = frame.filter(pl.col("confidence").is_null())
    assert unseen["row"].to_list() == [3, 8]
    seen = frame.filter(pl.col("confidence").is_not_null())
    assert seen["n_epochs"].unique().to_list() == [2]
    assert set(seen["suggested"]) <= {"yes", "no"}
    right = seen["correctness"] == 1
    given = pl.read_ndjson(data)["label"].gather(seen["row"].cast(pl.Int64))
    assert ((seen["suggested"] == given) | ~right).all()
    assert not list((tmp_path / "t").rglob("*.safetensors"))


def test_folds_do_not_train_on_what_they_observe(
    data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watch(monkeypatch, Listener())
    score(data, model, tmp_path / "t", group="source", proxy_epochs=1)
    assert [call["fold"] for call in calls] == ["fold-000", "fold-001"]
    for call, other in zip(calls, reversed(calls), strict=True):
        trained, observed = call["trained"]["row"], call["observed"]["row"]
        assert trained.to_list() != trained.sort().to_list()
        assert sorted([*trained, *observed]) == [row for row in range(N) if row != 8]
        assert {row // 5 for row in trained}.isdisjoint({row // 5 for row in observed})
        assert observed.to_list() == other["trained"]["row"].sort().to_list()


def test_one_fold_trains_on_all(
    data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watch(monkeypatch, Listener())
    score(data, model, tmp_path / "t", folds=1, proxy_epochs=1)
    (call,) = calls
    assert call["trained"].sort("row").equals(call["observed"])
    assert hardness.suspects(tmp_path / "t").in_sample


def test_interrupted_proxy_goes_on_to_the_same_bytes(
    data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    with monkeypatch.context() as patch:
        every = Watched()
        watch(patch, every)
        score(data, model, whole)
    steps = len(every.steps)
    with monkeypatch.context() as patch:
        watch(patch, Watched(stop_at=steps))
        with pytest.raises(KeyboardInterrupt):
            score(data, model, stopped)
    rest = Watched()
    calls = watch(monkeypatch, rest)
    score(data, model, stopped)
    assert [call["fold"] for call in calls] == ["fold-001"]
    assert rest.steps == [2]  # the first epoch of that fold is in its checkpoint
    assert contents(stopped / "cartography") == contents(whole / "cartography")


def test_label_of_one_fold_alone_is_not_observed(model: Path, tmp_path: Path) -> None:
    rows = records(20)
    rows[0]["label"] = "maybe"
    frame = score(write(tmp_path / "data.jsonl", rows), model, tmp_path / "t", proxy_epochs=1)
    assert frame["confidence"].is_null().arg_true().to_list() == [0, 8]


def test_another_model_of_the_same_name_is_another_proxy(
    data: Path, model: Path, tuned: Path, tmp_path: Path
) -> None:
    named = tmp_path / "model"
    named.symlink_to(model)
    score(data, named, tmp_path / "t", proxy_epochs=1)
    score(data, model, tmp_path / "t", proxy_epochs=1)
    named.unlink()
    named.symlink_to(tuned)
    with pytest.raises(HardnessError, match=r"got others \(model was"):
        score(data, named, tmp_path / "t", proxy_epochs=1)


def test_data_without_classes_are_refused(model: Path, tmp_path: Path) -> None:
    rows = [row | {"label": "yes"} for row in records(20)]
    with pytest.raises(HardnessError, match="label must have at least 2 classes, got 1"):
        score(write(tmp_path / "data.jsonl", rows), model, tmp_path / "t")


@pytest.mark.parametrize(("name", "code"), [("linear", 0), ("tiny", 2)])
def test_only_models_need_torch(data: Path, tmp_path: Path, name: str, code: int) -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from hardness.cli.app import main\n"
        "sys.argv = ['hardness', 'score', *sys.argv[1:]]; main()"
    )
    arguments = ["--metric", "cartography", "--label", "label", "--proxy", name, "--folds", "2"]
    done = subprocess.run(
        [sys.executable, "-c", script, str(data), *arguments, "-o", str(tmp_path / "t")],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    if code:
        (line,) = done.stderr.strip().splitlines()
        assert "pip install 'hardness[train]'" in line
