"""Every command with its options and their defaults: as one snapshot, and as `--help` shows them.

After a change that is meant, write the snapshot anew: python -m tests.cli.test_surface
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import hardness
from hardness.cli.app import app
from hardness.cli.build import build
from hardness.cli.combine import combine
from hardness.cli.lm import lm
from hardness.cli.score import score
from hardness.weighting import weightings

SNAPSHOT = Path(__file__).with_name("surface.txt")
GROUP: Any = typer.main.get_command(app)

SAME = {("memory", "4GB"): None, ("prune", "0"): (0,)}
"""What a default on the command line is in Python."""


def surface() -> str:
    """One line a command, after the program itself, and one for each of its parameters."""
    lines = []
    for name, command in [("hardness", GROUP), *_commands(GROUP)]:
        lines.append(name)
        for param in command.params:
            names = " ".join([*param.opts, *param.secondary_opts])
            default = "required" if param.required else repr(param.default)
            lines.append(f"    {names} = {default}")
    return "\n".join(lines) + "\n"


def _commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its full name, those inside of a command too."""
    for name, command in sorted(group.commands.items()):
        yield f"{prefix}{name}", command
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")


def shown(*command: str) -> str:
    """What `--help` prints, without frames, its spaces made one."""
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "100"})
    assert result.exit_code == 0
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.output).split())


def test_the_surface_is_the_one_that_was_agreed_on() -> None:
    assert surface() == SNAPSHOT.read_text(encoding="utf-8"), __doc__


@pytest.mark.parametrize("name", sorted(GROUP.commands))
def test_help_shows_every_option_with_its_default(name: str) -> None:
    text = shown(name)
    for param in GROUP.commands[name].params:
        assert max(param.opts, key=len) in text
        said = getattr(param, "show_default", None)
        if isinstance(said, str):
            assert f"[default: ({said})]" in text
        elif param.default is not None and not param.required and not param.is_flag:
            assert f"[default: {param.default}]" in text


@pytest.mark.parametrize("name", sorted(GROUP.commands))
def test_help_is_shown_as_it_was_written(name: str) -> None:
    """Nothing in it is taken for markup."""
    text = shown(name)
    for param in GROUP.commands[name].params:
        assert " ".join((param.help or "").split()) in text


@pytest.mark.parametrize(
    "command", [(), *((name,) for name in sorted(GROUP.commands)), ("pipelines", "copy")]
)
def test_flags_are_shown_without_a_value(command: tuple[str, ...]) -> None:
    text = shown(*command)
    assert "--help" in text
    assert "<bool>" not in text


def test_the_version_is_printed() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"hardness {hardness.__version__}\n")


def test_help_names_every_weighting() -> None:
    text = shown("train")
    (said,) = re.findall(r"What each sample's loss is multiplied by: (.*?)\[default", text)
    assert set(weightings.names()) <= set(re.split(r"[, ;]+", said))


@pytest.mark.parametrize("name", ["score", "combine", "build", "train"])
def test_overwrite_means_the_same_everywhere(name: str) -> None:
    (option,) = [param for param in GROUP.commands[name].params if param.name == "overwrite"]
    assert f"{name.capitalize()} again and replace what the" in option.help


@pytest.mark.parametrize(
    ("command", "function"),
    [
        (score, hardness.score),
        (build, hardness.build),
        (lm, hardness.lm),
        (combine, hardness.combine),
    ],
    ids=["score", "build", "lm", "combine"],
)
def test_defaults_are_those_of_the_function(
    command: Callable[..., Any], function: Callable[..., Any]
) -> None:
    typed = inspect.signature(command).parameters
    called = inspect.signature(function).parameters
    shared = typed.keys() & called.keys()
    assert len(shared) > 5
    for name in shared:
        default = typed[name].default
        assert SAME.get((name, default), default) == called[name].default, name


if __name__ == "__main__":
    SNAPSHOT.write_text(surface(), encoding="utf-8")
