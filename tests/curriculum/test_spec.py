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


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("select: between:0.9,0.1", "a must be below b, got between:0.9,0.1; swap them"),
        ("select: gumbel:0.5,temperature=0", "temperature must not be 0, got 0"),
        ("order: cyclical:start=0.9,end=0.2", "start must be at most end, got start=0.9 and end"),
        ("order: linear:from=0.9,to=0.2", "from must be at most to, got from=0.9 and to=0.2"),
        ("order: root:step=1e-9", "step must be at least"),
        ("order: discrete:0.5/1,0.2/0.4", "until must have one number less than levels, got 2 and"),
        ("admit: a:linear,from=2", "difficulty must be within [0, 1] for by=percentile, got 2"),
        ("admit: a:root,from=0.9,to=0.2", "from must be at most to, got from=0.9 and to=0.2"),
        ("admit: a:discrete,5/9/7,0.2/0.4,by=value", "levels must increase, got 5/9/7; sort them"),
        ("weighting: linupper", "weighting must need no more than hardness and progress to be"),
    ],
    ids=lambda value: value.partition("; ")[0] if ": " in value else None,
)
def test_parameters_that_do_not_suit_each_other_are_told_with_their_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = write(tmp_path, f"# mine\n{text}\n")
    with pytest.raises(HardnessError) as refused:
        load_spec(path)
    assert str(refused.value).startswith(f"{path}:2: {problem}")


@pytest.mark.parametrize(
    "text",
    [
        "admit: a:linear,from=9,to=2,by=value",
        "admit: a:discrete,9/7/5,0.2/0.4,by=value",
        "select: gumbel:0.5,temperature=-1",
    ],
)
def test_scores_that_fall_and_easy_records_may_be_asked_for(tmp_path: Path, text: str) -> None:
    assert load_spec(write(tmp_path, text))
