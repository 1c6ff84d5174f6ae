"""The README names what there is to choose from, and no command or file that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import typer

from hardness.cli.app import app
from hardness.curriculum.orders import orders
from hardness.curriculum.selections import selections
from hardness.metrics import metrics
from hardness.weighting import weightings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _in_tables() -> set[str]:
    """The names in the first column of the tables."""
    cells = [line.split("|")[1] for line in README.splitlines() if line.startswith("| `")]
    quoted = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    return quoted | {name.partition(":")[0] for name in quoted}


@pytest.mark.parametrize(
    "names",
    [metrics.names(), orders.names(), selections.names(), weightings.names()],
    ids=["metrics", "orders", "selections", "weightings"],
)
def test_tables_name_every_component(names: Iterable[str]) -> None:
    assert set(names) <= _in_tables()


def test_commands_and_options_exist() -> None:
    group: Any = typer.main.get_command(app)
    used = re.findall(r"^hardness (\w[\w-]*)(.*)$", README, flags=re.MULTILINE)
    assert {"score", "build", "train"} <= {name for name, _ in used}
    for name, arguments in used:
        known = {option for param in group.commands[name].params for option in param.opts}
        assert set(re.findall(r"(?<!\S)--?[a-z][\w-]*", arguments)) <= known


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert all((ROOT / link).is_file() for link in links)
