"""The report command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.program import hardness
from tests.reporting.scored import make_table, plain_texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_table(tmp_path, plain_texts(30))
    return tmp_path


def test_a_report_is_written_where_it_says(folder: Path) -> None:
    done = hardness("report", "data.hardness", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    size = (folder / "report.html").stat().st_size
    assert done.stdout == f"report: report.html ({size / 1e6:.1f} MB)\n"


def test_figures_are_written_where_it_says(folder: Path) -> None:
    done = hardness("report", "data.hardness", "--format", "svg", "--no-text", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    count = len(list((folder / "report").iterdir()))
    assert done.stdout == f"figures: report ({count} files)\n"


def test_a_mistake_is_one_line(folder: Path) -> None:
    done = hardness("report", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: report must be given a table, runs or shards, got none;")
