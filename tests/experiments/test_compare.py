"""A whole comparison on a small sample: what it writes, and that it goes on where it was."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import hardness
from hardness.demo.sample import SampleConfig, write_sample
from hardness.errors import HardnessError
from hardness.experiments import compare as module
from hardness.experiments.compare import RESULTS, compare
from hardness.experiments.training import RunOutcome

EXPERIMENT = """
data: train.jsonl
eval: eval.jsonl
train: {epochs: 2, batch_size: 64, max_length: 32}
seeds: 2
arms:
  random: {order: random}
  s-loss: {order: random, normalize: minmax, weighting: s-loss}
"""


def results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / RESULTS).read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared")
    write_sample(folder, SampleConfig(train_rows=300, eval_rows=100, seed=0))
    (folder / "try.yaml").write_text(EXPERIMENT, encoding="utf-8")
    compare(folder / "try.yaml", threads=2)
    return folder / "try"


def test_every_arm_has_a_run_for_every_seed_and_a_matched_baseline(finished: Path) -> None:
    found = results(finished)
    names = [arm["name"] for arm in found["arms"]]
    assert names[:2] == ["random", "s-loss"]
    assert names[2].startswith("random, lr × ")
    for arm in found["arms"]:
        assert set(arm["finals"]) == {"0", "1"}
        assert all(0 <= value <= 1 for value in arm["finals"].values())
    weight = found["arms"][1]["mean_weight"]
    assert abs(weight - 1) > 0.05
    assert names[2] == f"random, lr × {weight:.2f}".rstrip("0")


def test_finals_are_those_of_the_runs(finished: Path) -> None:
    found = results(finished)
    for arm, folder in (("random", "random"), ("s-loss", "s-loss")):
        (result,) = [a for a in found["arms"] if a["name"] == arm]
        for seed, value in result["finals"].items():
            told = json.loads((finished / "runs" / folder / f"seed-{seed}/result.json").read_text())
            assert told["evaluation"]["accuracy_fraction"] == value


def test_runs_leave_no_checkpoints(finished: Path) -> None:
    assert list(finished.rglob("model.safetensors"))
    assert not list(finished.rglob("checkpoints"))


def test_learning_curves_are_drawn(finished: Path) -> None:
    drawing = (finished / "learning-curves.svg").read_text(encoding="utf-8")
    assert drawing.startswith("<svg")
    assert "s-loss" in drawing


def test_matched_baseline_has_the_learning_rate_of_the_arm(finished: Path) -> None:
    (folder,) = finished.glob("runs/random,-lr-*")
    options = json.loads((folder / "seed-0" / "config.json").read_text())["options"]
    factor = float(folder.name.rpartition("-")[2])
    assert options["lr"] == pytest.approx(1e-3 * factor)


def test_finished_comparison_trains_nothing_again(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(plan: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("hardness.experiments.training._train", forbidden)
    before = (finished / "comparison.md").read_bytes()
    compare(finished.with_suffix(".yaml"), threads=2)
    assert (finished / "comparison.md").read_bytes() == before


def test_run_that_is_lost_is_made_again_to_the_same_numbers(finished: Path) -> None:
    before = results(finished)
    (finished / "runs" / "random" / "seed-1.run.json").unlink()
    compare(finished.with_suffix(".yaml"), threads=2)
    assert results(finished) == before


def test_changed_arm_alone_is_trained_again(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []

    def note(plan: object) -> None:
        trained.append((plan.arm, plan.seed))  # type: ignore[attr-defined]
        raise HardnessError("enough must be seen, got it; stop")

    monkeypatch.setattr("hardness.experiments.training._train", note)
    other = finished.with_name("other.yaml")
    other.write_text(EXPERIMENT.replace("weighting: s-loss", "weighting: s-loss-swing"))
    with pytest.raises(HardnessError, match="enough must be seen"):
        compare(other, output=finished, threads=1)
    assert {arm for arm, _ in trained} == {"s-loss"}


def test_refused_training_is_one_line(tmp_path: Path) -> None:
    write_sample(tmp_path, SampleConfig(train_rows=60, eval_rows=20, seed=0))
    path = tmp_path / "try.yaml"
    text = EXPERIMENT.replace("seeds: 2", "seeds: 1").replace("epochs: 2", "epochs: 1")
    # Which records occur twice is known when the shards are built.
    text = text.replace("{order: random}", "{order: competence, record_dynamics: during}")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HardnessError, match="random, seed 0: record_dynamics must be 'after'"):
        compare(path, threads=1)


def test_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    write_sample(tmp_path, SampleConfig(train_rows=30, eval_rows=20, seed=0))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    path = tmp_path / "try.yaml"
    path.write_text(EXPERIMENT, encoding="utf-8")
    with pytest.raises(HardnessError, match="output must be a new folder or that of an earlier"):
        compare(path, output=tmp_path / "out")


@pytest.mark.parametrize("module_name", ["scipy", "torch", "peft"])
def test_missing_package_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module_name: str
) -> None:
    write_sample(tmp_path, SampleConfig(train_rows=30, eval_rows=20, seed=0))
    path = tmp_path / "try.yaml"
    path.write_text(EXPERIMENT.replace("s-loss}", "s-loss, lora: 2}"), encoding="utf-8")
    monkeypatch.setitem(sys.modules, module_name, None)
    with pytest.raises(HardnessError, match=f"got no (such package|{module_name}); pip install"):
        compare(path)
    assert not (tmp_path / "try").exists()


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        (1, "with 1 seed nothing can be significant at the 5% level: comparing 1 arm with the "),
        (5, "with 5 seeds nothing can be significant at the 5% level: comparing 1 arm with the "),
        (6, None),
    ],
)
def test_too_few_seeds_are_told_before_any_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    seeds: int,
    said: str | None,
) -> None:
    def stop(*_: object) -> None:
        raise HardnessError("enough must be seen, got it; stop")

    write_sample(tmp_path, SampleConfig(train_rows=30, eval_rows=20, seed=0))
    path = tmp_path / "try.yaml"
    path.write_text(EXPERIMENT, encoding="utf-8")
    monkeypatch.setattr(module, "_claim", stop)
    with pytest.raises(HardnessError, match="enough must be seen"):
        compare(path, seeds=seeds)
    expected = [] if said is None else [f"{said}baseline takes at least 6"]
    assert [record.getMessage() for record in caplog.records] == expected


def test_table_of_other_data_is_not_replaced(tmp_path: Path) -> None:
    write_sample(tmp_path, SampleConfig(train_rows=30, eval_rows=20, seed=0))
    hardness.score(tmp_path / "eval.jsonl", metric="surface", output=tmp_path / "mine")
    path = tmp_path / "try.yaml"
    path.write_text(EXPERIMENT + "table: mine\nscore: [perplexity]\n", encoding="utf-8")
    with pytest.raises(HardnessError, match="mine"):
        compare(path, threads=1)
    assert (tmp_path / "mine/surface/metric.json").is_file()


def test_run_that_ends_in_no_number_is_named() -> None:
    outcome = RunOutcome(
        arm="wild",
        seed=3,
        evaluations=[{"step": 1, "loss_nats": None, "accuracy_fraction": 0.5}],
        steps=1,
        mean_weight=1.0,
    )
    with pytest.raises(
        HardnessError, match=r"loss_nats must be finite .*, got none of wild, seed 3"
    ):
        module._require_measure([outcome], "loss_nats")
