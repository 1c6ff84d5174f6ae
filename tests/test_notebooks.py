"""The notebooks run from the first cell to the last, and show what they are stored with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks import EXECUTED, NOTEBOOKS, executed

pytest.importorskip("IPython")
pytest.importorskip("altair")


def _code(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _shape(cell: dict[str, Any]) -> list[str]:
    """What a cell shows, any picture and any number alike: the last digits are the machine's."""
    shown = []
    for output in cell["outputs"]:
        data = output.get("data", {"text/plain": output.get("text", [])})
        shown += sorted(set(data) - {"text/plain"})
        words = re.sub(r"-?[\d][\d.,e+-]*", "0", "".join(data.get("text/plain", [])))
        shown.append(re.sub(r"[\s─┄]+", " ", words).strip())
    return shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_shows_what_it_is_stored_with(path: Path, tmp_path: Path) -> None:
    """After a change that is meant: python -m tests.notebooks"""
    stored = _code(json.loads(path.read_text(encoding="utf-8")))
    found = _code(executed(path, tmp_path))
    assert [_shape(cell) for cell in found] == [_shape(cell) for cell in stored]
    # They stand in one folder, where two that write the same would stop each other.
    assert {item.name for item in tmp_path.iterdir()} <= {EXECUTED, path.stem}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_shows_no_path_of_a_machine(path: Path) -> None:
    outputs = [cell["outputs"] for cell in _code(json.loads(path.read_text("utf-8")))]
    texts = re.sub(r'"image/png": "[^"]*"', "", json.dumps(outputs))
    assert not re.findall(r"/(?:home|root|tmp|usr|Users)/", texts)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_small_and_in_order(path: Path) -> None:
    assert path.stat().st_size < 400_000
    counts = [cell["execution_count"] for cell in _code(json.loads(path.read_text("utf-8")))]
    assert counts == list(range(1, len(counts) + 1))
