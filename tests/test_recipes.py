"""The shipped YAML: its header's commands exist and do what its values say."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from hardness.cli.app import app
from hardness.curriculum.spec import load_spec
from hardness.recipes.recipe import read_recipe

ROOT = Path(__file__).parents[1]
CURRICULA = sorted((ROOT / "curricula").glob("*.yaml"))
PIPELINES = sorted((ROOT / "pipelines").glob("*.yaml"))


def _header(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("#")]


def _commands(path: Path) -> dict[str, dict[str, Any]]:
    """The commands in a header by name, each with its options as the command line reads them."""
    group: Any = typer.main.get_command(app)
    found = {}
    for line in _header(path):
        if line.startswith("#   hardness "):
            _, name, *arguments = shlex.split(line.removeprefix("#"))
            found[name] = group.commands[name].make_context(name, arguments).params
    return found


def _agrees(option: Any, value: Any) -> bool:
    """Whether a command's option is a YAML value; a list of one path is that path."""
    single = option[0] if isinstance(option, list | tuple) and len(option) == 1 else option
    return str(single) == str(value)


def _assert_says_the_same(options: dict[str, Any], values: dict[str, Any]) -> None:
    assert values.keys() <= options.keys()
    differing = {key for key, value in values.items() if not _agrees(options[key], value)}
    assert differing == set()


@pytest.mark.parametrize("path", CURRICULA, ids=lambda path: path.stem)
def test_curriculum_is_the_build_command_of_its_header(path: Path) -> None:
    """Its last command, that is, which spells out what the spec sets."""
    _assert_says_the_same(_commands(path)["build"], load_spec(path))


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_command_of_a_pipelines_header_is_its_own(path: Path) -> None:
    options = _commands(path)["run"]
    changes = dict(change.split("=", 1) for change in options["set"])
    assert options["recipe"] == path.stem
    read_recipe(path, changes)
    # What the header does not set has a value that works for others, too.
    assert {"output"} <= changes.keys() & read_recipe(path).settings.keys()


@pytest.mark.parametrize("path", CURRICULA + PIPELINES, ids=lambda path: path.stem)
def test_header_says_what_and_when(path: Path) -> None:
    header = "\n".join(_header(path))
    assert "# What: " in header
    assert "# When: " in header


def test_wrong_value_is_seen() -> None:
    with pytest.raises(AssertionError):
        _assert_says_the_same({"order": "ascending"}, {"order": "descending"})
    with pytest.raises(AssertionError):
        _assert_says_the_same({"order": "ascending"}, {"ordre": "ascending"})
