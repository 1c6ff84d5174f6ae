"""The reference pages are those that the code makes now."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from docs.generate import FOLDER, pages
from hardness.cli.app import app
from hardness.metrics import metrics

PAGES = pages()


def test_there_are_no_other_pages() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_page_is_not_stale(name: str) -> None:
    """After a change that is meant: python -m docs.generate"""
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], "python -m docs.generate"


def test_a_page_has_every_column_of_a_metric() -> None:
    page = PAGES["metrics.md"]
    for _, metric in metrics:
        for column in metric.columns:
            assert f"| `{column.name}` | {column.type} | {column.harder or ''} |" in page


def test_options_of_metrics_are_options_of_score() -> None:
    group: Any = typer.main.get_command(app)
    known = {option for param in group.commands["score"].params for option in param.opts}
    lines = [x for x in PAGES["metrics.md"].splitlines() if x.startswith("- Options: ")]
    assert len(lines) == len([*metrics.names(), *metrics.families()])
    named = {option for line in lines for option in re.findall(r"`(-[^`]*)`", line)}
    assert named <= known
    assert {"--order", "--from", "--base-model"} <= named


def test_an_option_that_the_command_lacks_is_marked() -> None:
    found = PAGES["metrics.md"].split("## `ngram-pvi`")[1].split("\n## ")[0]
    assert "`temperature=` from Python only" in found


def test_cells_hold_no_bare_bar_and_no_line_break() -> None:
    for page in PAGES.values():
        for table in page.split("\n\n"):
            lines = [line for line in table.splitlines() if line.startswith("| ")]
            columns = {line.replace("\\|", "").count("|") for line in lines}
            assert len(columns) <= 1
