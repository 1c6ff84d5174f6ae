"""Specs: the shipped ones, files, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardness.curriculum.spec import load_spec
from hardness.errors import HardnessError
from hardness.io.shipped import CURRICULA, header


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(CURRICULA.files()))
def test_shipped_specs_are_sound_and_say_what_they_are(name: str) -> None:
    assert load_spec(name)
    said = header(CURRICULA.find(name))
    assert set(said) >= {"title", "what", "when", "command", "python"}
    assert said["title"].endswith(".")
    assert f"--curriculum {name} " in said["command"]


def test_a_file_sets_what_it_names(tmp_path: Path) -> None:
    path = write(tmp_path, "# mine\norder: buckets:4\nkeep_random: 0.2\nepochs: 2\nby: a.b\n")
    assert load_spec(path) == {"by": "a.b", "order": "buckets:4", "keep_random": 0.2, "epochs": 2}


def test_schedules_of_several_metrics_may_be_a_list(tmp_path: Path) -> None:
    path = write(tmp_path, "admit:\n  - a:linear,from=0.2\n  - b:root\n")
    assert load_spec(path) == {"admit": "a:linear,from=0.2 ; b:root"}


def test_all_mistakes_are_told_with_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "ordr: random\n\nepochs: 0\nselect:\n  a: 1\nseed:\nweighting: s-los\n")
    with pytest.raises(HardnessError) as refused:
        load_spec(path)
    told = str(refused.value)
    for line, problem in (
        (1, "key must be one of by, order"),
        (3, "epochs must be at least 1, got 0"),
        (4, "select must be one value, got {'a': 1}"),
        (6, "seed must be one value, got None"),
        (7, "weighting must be one of"),
    ):
        assert f"{path}:{line}: {problem}" in told
    assert "did you mean 'order'?" in told
    assert told.startswith("5 settings are wrong")


def test_a_name_that_is_neither_shipped_nor_a_file_is_refused() -> None:
    with pytest.raises(
        HardnessError, match=r"curriculum must be a YAML file or one of .*did you mean 'ascending'"
    ):
        load_spec("asending")
