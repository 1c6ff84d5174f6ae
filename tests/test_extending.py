"""The package of docs/extending.md, made of its blocks and found by its entry points, works."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import polars as pl
import pytest

from hardness.demo.sample import SampleConfig, write_sample
from tests.pages import DOCS, ROOT, blocks

PAGE = DOCS / "extending.md"
ROWS = 60


def _install(folder: Path) -> None:
    """Write the package, and what pip leaves of its entry points when it installs it."""
    for block in [*blocks(PAGE, "toml"), *blocks(PAGE, "python")]:
        name, _, text = block.partition("\n")
        path = folder / name.removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    about = folder / f"{project['name']}-{project['version']}.dist-info"
    about.mkdir()
    named = f"Name: {project['name']}\nVersion: {project['version']}\n"
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\n{named}")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")


def _python(folder: Path, *arguments: str) -> str:
    search = os.pathsep.join([str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the package, in which the commands of the page have been run."""
    folder = tmp_path_factory.mktemp("extending")
    _install(folder)
    train, _ = write_sample(folder, SampleConfig(train_rows=ROWS, eval_rows=12))
    records = [json.loads(line) for line in train.read_text().splitlines()]
    records[0]["premise"] = "ABCde 12"
    records[0]["hypothesis"] = "!"
    records[1] |= {"premise": "", "hypothesis": "12"}
    (folder / "data.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n")
    commands = [line for block in blocks(PAGE) for line in block.splitlines()]
    assert len(commands) == 4
    for command in commands:
        words = shlex.split(command)[1:]
        # The record without a letter has no score.
        nulls = ["--nulls", "drop"] if words[0] == "build" else []
        _python(folder, "-m", "hardness", *words, *nulls)
    return folder


def test_metric_scores(folder: Path) -> None:
    scores = pl.read_parquet(folder / "data.hardness" / "capitals" / "*.parquet").sort("row")
    assert scores["capitals"][:2].to_list() == [0.6, None]
    assert scores["letters"][:2].to_list() == [5, 0]


def test_metric_is_listed(folder: Path) -> None:
    listed = _python(folder, "-m", "hardness", "metrics")
    assert "capitals  How much of the text is in capitals." in listed


def test_metric_takes_its_options_from_python(folder: Path) -> None:
    code = (
        "import hardness; "
        "found = hardness.score('data.jsonl', metric='capitals', min_letters=6, output='other'); "
        "print(found.table.frame('capitals').collect()['capitals'].null_count())"
    )
    assert _python(folder, "-c", code).split()[-1] == "2"


def test_curriculum_selects_and_orders(folder: Path) -> None:
    shards = pl.read_parquet(folder / "shards" / "*.parquet").sort("position")
    assert shards.height == 20  # every third of 59
    hardness = shards["hardness"].to_list()
    assert hardness[0] == min(hardness)
    assert hardness[1] == max(hardness)


def test_schedule_lets_the_harder_half_wait(folder: Path) -> None:
    shards = pl.read_parquet(folder / "waiting" / "*.parquet").sort("position")
    early = shards.filter(pl.col("position") < shards.height // 4)
    assert 0 not in early["row"].to_list()
    assert shards.height == ROWS - 1


def test_weighting_is_written_into_the_shards(folder: Path) -> None:
    shards = pl.read_parquet(folder / "shards" / "*.parquet").sort("position")
    s = shards["position"] / shards.height
    expected = ((s + 0.3 - shards["hardness"]) / 0.3).clip(0, 1)
    assert shards["weight"].to_list() == pytest.approx(expected.to_list(), abs=1e-6)


def test_weighting_trains(folder: Path) -> None:
    config = json.loads((folder / "run" / "config.json").read_text())
    assert config["options"]["weighting"] == "gate"
    assert (folder / "run" / "result.json").is_file()
