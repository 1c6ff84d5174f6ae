"""The README and the pages of docs name what there is; commands and code run as printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import typer

from hardness.cli.app import app
from hardness.curriculum.orders import orders
from hardness.curriculum.selections import selections
from hardness.demo.sample import SampleConfig, write_sample
from hardness.experiments.experiment import read_experiment
from hardness.metrics import metrics
from hardness.weighting import weightings
from tests.pages import DOCS, README, ROOT, blocks

PAGES = [README, *sorted(DOCS.rglob("*.md"))]
GROUP: Any = typer.main.get_command(app)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _commands(page: Path) -> list[list[str]]:
    """The words of every line of a block that is a command, without comments."""
    lines = [line for block in blocks(page) for line in block.splitlines()]
    return [shlex.split(x, comments=True)[1:] for x in lines if x.startswith("hardness ")]


def _in_tables(page: Path) -> set[str]:
    """The names in the first column of the tables."""
    cells = [line.split("|")[1] for line in _text(page).splitlines() if line.startswith("| `")]
    quoted = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    return quoted | {name.partition(":")[0] for name in quoted}


@pytest.mark.parametrize(
    "names",
    [metrics.names(), orders.names(), selections.names(), weightings.names()],
    ids=["metrics", "orders", "selections", "weightings"],
)
def test_tables_name_every_component(names: Iterable[str]) -> None:
    assert set(names) <= _in_tables(README)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_and_options_exist(page: Path) -> None:
    for name, *words in _commands(page):
        command = GROUP.commands[name]
        if hasattr(command, "commands"):
            command = command.commands[words[0]]
        known = {option for param in command.params for option in param.opts}
        given = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert given <= known, name


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", _text(page))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the README copies: less of the sample."""
    folder = tmp_path_factory.mktemp("readme")
    train, evaluation = write_sample(folder, SampleConfig(train_rows=160, eval_rows=40))
    train.rename(folder / "data.jsonl")
    evaluation.rename(folder / "test.jsonl")
    return folder


def test_commands_and_code_of_the_readme_run_as_printed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = [words for words in _commands(README) if words != ["demo"]]
    assert {words[0] for words in commands} > {"score", "build", "train", "report", "run"}
    search = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    for words in commands:
        process = subprocess.run(
            [sys.executable, "-m", "hardness", *words],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": search},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert process.returncode == 0, (words, process.stderr)
    for file in ("data.hardness", "shards", "run/model", "suspects.csv", "report.html"):
        assert (folder / file).exists()
    # The code goes on from the table that the commands made.
    monkeypatch.chdir(folder)
    (code,) = blocks(README, "python")
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["scores"].collect().height == 160


def test_experiment_of_the_docs_is_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (text,) = blocks(DOCS / "training.md", "yaml")
    Path("experiment.yaml").write_text(text, encoding="utf-8")
    found = read_experiment("experiment.yaml")
    assert [arm.name for arm in found.arms] == ["random", "ascending", "s-loss"]
