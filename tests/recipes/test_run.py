"""Running recipes: finished steps are found, changed ones are done again."""

from __future__ import annotations

import sys
from functools import wraps
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hardness
from hardness.demo.sample import SampleConfig, write_sample
from hardness.errors import HardnessError, OutputExistsError
from hardness.progress import Silent
from hardness.recipes.recipe import read_recipe
from hardness.recipes.run import StepReport, plan, run
from hardness.training.listener import Listener
from hardness.training.listener import StepReport as TrainStep

RECIPE = """
settings: {data: train.jsonl, order: ascending, output: out}
steps:
  - score: {data: "{data}", holdout: record, output: "{output}/t"}
  - build: {table: "{output}/t", order: "{order}", output: "{output}/s"}
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_sample(tmp_path, SampleConfig(train_rows=60, eval_rows=20))
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return path


def states(path: Path, **changes: str) -> list[str]:
    return [report.state for report in plan(read_recipe(path, changes))]


def cached(reports: list[StepReport]) -> list[bool]:
    return [report.result.cached for report in reports]


def first_row(folder: Path) -> int:
    return pl.read_parquet(folder / "out/s/shard-00000.parquet")["row"][0]


def test_steps_are_done_once(recipe: Path) -> None:
    assert states(recipe) == ["to do", "to do"]
    assert not (recipe.parent / "out").exists()
    assert cached(run(recipe)) == [False, False]
    assert states(recipe) == ["finished", "finished"]
    assert cached(run(recipe)) == [True, True]


def test_changed_step_alone_is_done_again(recipe: Path) -> None:
    run(recipe)
    easiest = first_row(recipe.parent)
    changes = {"order": "descending"}
    assert states(recipe, **changes) == ["finished", "changed"]
    assert cached(run(recipe, changes=changes)) == [True, False]
    assert first_row(recipe.parent) != easiest


def test_changed_first_step_takes_the_later_ones_along(recipe: Path) -> None:
    run(recipe)
    assert cached(run(recipe, changes={"score.holdout": "none"})) == [False, False]


def test_changed_data_are_scored_again(recipe: Path) -> None:
    run(recipe)
    write_sample(recipe.parent, SampleConfig(train_rows=45, eval_rows=20, seed=1))
    done = run(recipe)
    assert cached(done) == [False, False]
    assert done[1].result.rows == 45


def test_result_of_other_options_stays_where_the_step_says_so(recipe: Path) -> None:
    recipe.write_text(RECIPE.replace('"{output}/s"', '"{output}/s", overwrite: false'))
    run(recipe)
    easiest = first_row(recipe.parent)
    with pytest.raises(OutputExistsError, match="output must be a new folder or the same build"):
        run(recipe, changes={"order": "descending"})
    assert first_row(recipe.parent) == easiest


def test_step_that_fails_otherwise_is_not_done_over_another(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[dict[str, Any]] = []

    @wraps(hardness.score)
    def score(**options: Any) -> None:
        called.append(options)
        raise HardnessError("data must be good, got overwrite.jsonl; mend it")

    monkeypatch.setattr(hardness, "score", score, raising=False)
    with pytest.raises(HardnessError, match="data must be good"):
        run(recipe)
    assert len(called) == 1


def test_stopped_recipe_goes_on(recipe: Path) -> None:
    with pytest.raises(HardnessError, match="metric must be one of perplexity in out/t"):
        run(recipe, changes={"build.by": "surface"})
    assert states(recipe) == ["finished", "to do"]
    assert cached(run(recipe)) == [True, False]


def test_every_step_is_told_before_and_after(recipe: Path) -> None:
    told: list[tuple[str, bool]] = []
    run(recipe, tell=lambda report: told.append((report.step.name, report.seconds is None)))
    assert told == [("score", True), ("score", False), ("build", True), ("build", False)]


def test_folder_of_other_files_is_left_alone(recipe: Path) -> None:
    (recipe.parent / "out").mkdir()
    (recipe.parent / "out" / "mine.txt").touch()
    with pytest.raises(HardnessError, match="output must be a new folder or that of an earlier"):
        run(recipe)


def test_training_shows_its_steps(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @wraps(hardness.train)
    def train(*, listener: Listener, **_: Any) -> None:
        listener.step(TrainStep(step=1, total_steps=9, epoch=0, metrics=None))

    class Stages(Silent):
        def start(self, stage: str, total: int, unit: str) -> None:
            stages.append((stage, total, unit))

    stages: list[tuple[str, int, str]] = []
    monkeypatch.setattr(hardness, "train", train, raising=False)
    with recipe.open("a") as file:
        file.write('  - train: {shards: "{output}/s", output: "{output}/run"}\n')
    run(recipe, progress=Stages())
    assert stages[-1] == ("training", 9, "steps")


@pytest.mark.parametrize("text", ["[]", '{"kind": 1}', '{"steps": 3}'])
def test_damaged_mark_is_told(recipe: Path, text: str) -> None:
    (recipe.parent / "out").mkdir()
    (recipe.parent / "out/recipe.json").write_text(text, encoding="utf-8")
    with pytest.raises(HardnessError, match=r"recipe\.json must say which steps are finished"):
        run(recipe)


@pytest.mark.parametrize(
    ("step", "missing"),
    [
        ("compare: {experiment: e.yaml, output: out/c}", "scipy"),
        ("train: {shards: out/s, output: out/r, lora: 2}", "peft"),
        ("score: {data: train.jsonl, metric: kenlm, output: out/t}", "kenlm"),
    ],
    ids=["compare", "train", "score"],
)
def test_package_that_a_later_step_needs_is_missed_before_the_first(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, step: str, missing: str
) -> None:
    with recipe.open("a", encoding="utf-8") as file:
        file.write(f"  - {{name: last, {step}}}\n")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(HardnessError, match=f"{missing} must be installed, got no such package"):
        run(recipe)
    assert not (recipe.parent / "out").exists()


def test_metric_that_does_not_fit_is_told_before_the_first_step(recipe: Path) -> None:
    steps = [
        '{name: a, score: {data: "{data}", holdout: group, output: "{output}/t"}}',
        '{name: b, score: {data: "{data}", metric: "column:size", higher: harder, output: out/t}}',
        '{name: c, score: {data: "{data}", metric: lm, model: out/model, output: "{output}/t"}}',
        '{name: d, score: {data: "{output}/t/x.jsonl", holdout: group, output: "{output}/u"}}',
    ]
    with recipe.open("a", encoding="utf-8") as file:
        file.writelines(f"  - {step}\n" for step in steps)
    with pytest.raises(HardnessError) as caught:
        run(recipe)
    told = [line.strip() for line in str(caught.value).splitlines()]
    assert told[0] == "2 settings are wrong:"
    assert told[1].startswith(f"{recipe}:6: group must be a column for --holdout group, got none")
    assert told[2].startswith(f"{recipe}:7: column must be one of ")
    assert not (recipe.parent / "out").exists()
