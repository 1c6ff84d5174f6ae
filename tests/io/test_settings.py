"""YAML settings: values as they are written, mistakes told all at once with their lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hardness.errors import HardnessError
from hardness.io.settings import Settings, read_settings


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> Settings:
    return read_settings(written(folder, text))


def test_values_are_those_of_the_file(tmp_path: Path) -> None:
    settings = read(tmp_path, "# a header\na: 1\nb:\n  - c: x\n    d: [1.5, null]\n")
    assert settings.values == {"a": 1, "b": [{"c": "x", "d": [1.5, None]}]}
    settings.check()


def test_all_mistakes_are_told_with_their_lines(tmp_path: Path) -> None:
    settings = read(tmp_path, "a: 1\n\nb:\n  - c: x\n  - colour: y\n")
    settings.only(("b", 1), settings.values["b"][1], ["color"])
    settings.refuse(("a",), "a must be even, got 1; use 2")
    settings.refuse(("b", 0, "missing"), "missing must be there, got nothing; add it")
    path = re.escape(str(settings.path))
    message = (
        f"3 settings are wrong:\n  {path}:1: a must be even, got 1; use 2"
        f"\n  {path}:4: missing must be there, got nothing; add it"
        f"\n  {path}:5: key must be one of color, got 'colour'; did you mean 'color'?"
    )
    with pytest.raises(HardnessError, match=message):
        settings.check()


def test_single_mistake_is_one_line(tmp_path: Path) -> None:
    settings = read(tmp_path, "zzz: 1\n")
    settings.only((), settings.values, ["order"])
    with pytest.raises(HardnessError, match=r"yaml:1: key must be one of order, got 'zzz'; leave"):
        settings.check()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [1,\n", r"yaml:3 must be valid YAML, got an error: .*; mend it"),
        ("a: 1\na: 2\n", r"yaml:2: key must be given once, got 'a' again after line 1"),
        ("- a\n", r"must hold `key: value` lines"),
        ("", r"must hold `key: value` lines"),
        ("a: !!python/object:os.system x\n", r"yaml:1 must be valid YAML"),
    ],
    ids=["broken", "twice", "list", "empty", "object"],
)
def test_what_is_no_settings_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        read(tmp_path, text)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    rule = r"none.yaml must be a readable YAML file, got No such file or directory; check its path"
    with pytest.raises(HardnessError, match=rule):
        read_settings(tmp_path / "none.yaml")
