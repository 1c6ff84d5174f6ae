"""The whole path on small samples, and what the demo says of it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer

import hardness
from hardness.cli.app import app
from hardness.cli.demo_report import print_demo
from hardness.demo.run import ARMS, DemoResult, claim, demo, summarise_tiers
from hardness.demo.sample import SampleConfig, write_sample
from hardness.errors import HardnessError
from tests.training.conftest import save_small_model

SMALL = SampleConfig(train_rows=60, eval_rows=24)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo"


@pytest.fixture(scope="module")
def commands() -> list[str]:
    return []


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a few thousand parameters instead of the demo's million."""
    texts = {"text": ["the dog runs and the cat sleeps"]}
    return save_small_model(tmp_path_factory.mktemp("model"), texts)


@pytest.fixture(scope="module")
def result(folder: Path, commands: list[str], model: Path) -> DemoResult:
    return demo(folder, sample=SMALL, epochs=1, model=model, on_step=commands.append)


def test_every_arm_is_trained_and_evaluated(result: DemoResult) -> None:
    assert [arm.name for arm in result.arms] == [name for name, _, _ in ARMS]
    assert len({arm.output for arm in result.arms}) == len(ARMS)
    for arm in result.arms:
        assert (arm.output / "model" / "config.json").is_file()
        assert arm.accuracy * SMALL.eval_rows == pytest.approx(
            round(arm.accuracy * SMALL.eval_rows)
        )
        assert arm.loss > 0


def test_everything_lies_where_the_result_says(result: DemoResult, folder: Path) -> None:
    assert result.folder == folder
    assert result.train.is_file()
    assert result.evaluation.is_file()
    for order in ("ascending", "descending", "random"):
        shards = pl.read_parquet(folder / "shards" / order / "*.parquet")
        assert len(shards) == SMALL.train_rows
    assert hardness.open_table(result.table).rows == SMALL.train_rows


def test_ascending_shards_are_in_order_of_perplexity(result: DemoResult, folder: Path) -> None:
    scores = hardness.open_table(result.table).frame("perplexity").collect()
    shards = pl.read_parquet(folder / "shards" / "ascending" / "*.parquet").sort("position")
    joined = shards.select("row", "tier", "flipped").join(scores, on="row", how="left")
    assert joined["perplexity"].is_sorted()


def test_tiers_count_every_record(result: DemoResult) -> None:
    assert [tier.tier for tier in result.tiers] == [0, 1, 2, 3]
    assert sum(tier.rows for tier in result.tiers) == SMALL.train_rows
    assert sum(tier.flipped for tier in result.tiers) == SMALL.train_rows // 10


def test_announced_commands_exist(result: DemoResult, commands: list[str]) -> None:
    group: Any = typer.main.get_command(app)
    names = []
    for command in commands:
        program, name, *arguments = shlex.split(command)
        assert program == "hardness"
        group.commands[name].make_context(name, arguments)
        names.append(name)
    assert names == ["score", *["build"] * 3, *["train"] * len(ARMS)]


def test_second_call_finds_everything(result: DemoResult, folder: Path, model: Path) -> None:
    models = [arm.output / "model" / "model.safetensors" for arm in result.arms]
    before = [path.stat().st_mtime_ns for path in models]
    again = demo(folder, sample=SMALL, epochs=1, model=model)
    assert [path.stat().st_mtime_ns for path in models] == before
    assert [arm.accuracy for arm in again.arms] == [arm.accuracy for arm in result.arms]


def test_report_shows_the_numbers_and_the_places(
    result: DemoResult, capsys: pytest.CaptureFixture[str]
) -> None:
    print_demo(result)
    shown = capsys.readouterr().out
    for arm in result.arms:
        assert arm.name in shown
        assert f"{arm.accuracy:.1%}" in shown
    for tier in result.tiers:
        assert f"{tier.mean:.2f}" in shown
    assert f"{result.tier_correlation:+.2f}" in shown
    assert str(result.table) in shown.replace("\n", "")


def test_perplexity_follows_the_tier(tmp_path: Path) -> None:
    train, _ = write_sample(tmp_path)
    table = hardness.score(train, metric="perplexity").table.path
    records = pl.read_ndjson(train).with_row_index("row").cast({"row": pl.UInt64})
    scores = hardness.open_table(table).frame("perplexity").collect()
    tiers, correlation = summarise_tiers(records.join(scores, on="row"))
    means = [tier.mean for tier in tiers]
    assert means == sorted(means)
    assert correlation > 0.5


def test_tiers_are_summarised_by_hand() -> None:
    scored = pl.DataFrame(
        {
            "tier": [1, 0, 0, 1],
            "flipped": [True, False, False, True],
            "perplexity": [4.0, 1.0, 3.0, 8.0],
        }
    )
    tiers, correlation = summarise_tiers(scored)
    assert [(tier.tier, tier.rows, tier.flipped) for tier in tiers] == [(0, 2, 0), (1, 2, 2)]
    assert [(tier.mean, tier.median) for tier in tiers] == [(2.0, 2.0), (6.0, 6.0)]
    # Ranks 1.5 1.5 3.5 3.5 against 1 2 3 4: covariance 4, variances 4 and 5, times n.
    assert correlation == pytest.approx(4 / (4 * 5) ** 0.5)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_folder_of_someone_else_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mine"
    if kind == "folder":
        path.mkdir()
        (path / "train.jsonl").write_text("precious")
    else:
        path.write_text("precious")
    with pytest.raises(HardnessError, match=r"output must be a new folder.*choose another"):
        demo(path, sample=SMALL)
    assert "precious" in (path / "train.jsonl" if kind == "folder" else path).read_text()


def test_own_folder_is_recognised_and_cleared_of_another_demo(tmp_path: Path) -> None:
    folder = claim(tmp_path / "new", SMALL)
    (folder / "runs").mkdir()
    assert claim(folder, SMALL) == folder
    assert (folder / "runs").is_dir()
    claim(folder, SMALL, epochs=1)
    assert not (folder / "runs").exists()
