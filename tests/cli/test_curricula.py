"""`hardness curricula` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hardness.cli.curricula import curricula
from hardness.curriculum.spec import load_spec
from hardness.errors import HardnessError
from hardness.io.shipped import CURRICULA


def run(*arguments: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(curricula, arguments, env={"COLUMNS": "200"})
    if result.exception is not None:
        raise result.exception
    return result.output


def test_all_are_listed_with_what_they_are() -> None:
    printed = run("list")
    assert [line.split()[0] for line in printed.splitlines() if line][:-1] == sorted(
        CURRICULA.files()
    )
    assert "babysteps            Four stages, each adding harder records." in printed


def test_one_is_shown_as_it_is_written() -> None:
    assert run("show", "coverage").strip() == CURRICULA.find("coverage").read_text().strip()


def test_one_is_copied_to_be_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed = run("copy", "coverage")
    assert "next: hardness build data.hardness --curriculum coverage.yaml" in printed
    assert load_spec("./coverage.yaml") == load_spec("coverage")
    with pytest.raises(HardnessError, match=r"file must be new, got 'coverage\.yaml'"):
        run("copy", "coverage")
    run("copy", "coverage", "mine.yaml")
    assert (tmp_path / "mine.yaml").read_bytes() == (tmp_path / "coverage.yaml").read_bytes()


@pytest.mark.parametrize("command", ["show", "copy"])
def test_a_wrong_name_gets_the_nearest(command: str) -> None:
    with pytest.raises(HardnessError, match="did you mean 'cyclical'"):
        run(command, "cyclic")
