"""YAML files that come with hardness: where they lie, and what their headers say."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardness.errors import HardnessError
from hardness.io import shipped
from hardness.io.shipped import CURRICULA, PIPELINES, Shelf, header


@pytest.mark.parametrize("shelf", [CURRICULA, PIPELINES], ids=lambda shelf: shelf.folder)
def test_names_and_paths_are_found(shelf: Shelf) -> None:
    for name, path in shelf.files().items():
        assert shelf.find(name) == shelf.find(path) == path


def test_files_are_found_inside_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "hardness"
    inside = package / "_shipped" / "curricula"
    inside.mkdir(parents=True)
    (inside / "one.yaml").write_text("order: random\n")
    monkeypatch.setattr(shipped, "__file__", str(package / "io" / "shipped.py"))
    assert CURRICULA.files() == {"one": inside / "one.yaml"}
    assert PIPELINES.files() == {}


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(HardnessError, match=r"curriculum must be a YAML file or one of .*got"):
        CURRICULA.find("x")


def test_headers_are_read_under_their_headings(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("# Title here.\n#\n# What: this: and\n#   that.\n# When: now.\nWhen: x\n")
    assert header(path) == {"title": "Title here.", "what": "this: and that.", "when": "now."}
