"""`hardness suspects`, and `hardness score --dynamics`, as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import hardness
from tests.stages.dynamics import make_epochs, write_data, write_jsonl


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    epochs = make_epochs(30)
    del epochs[0][3], epochs[1][3]
    write_data(tmp_path / "data.jsonl", 30)
    write_jsonl(tmp_path / "dynamics", epochs)
    return tmp_path


@pytest.mark.parametrize("width", [80, 120])
def test_map_and_suspects_fit_the_terminal(folder: Path, width: int) -> None:
    env = {"COLUMNS": str(width)}
    score = ["score", "data.jsonl", "--metric", "cartography", "--dynamics", "dynamics"]
    scored = hardness(*score, "--epochs", "1..3", cwd=folder, env=env)
    assert scored.returncode == 0, scored.stderr
    for part in (
        "88 observations in 3 epochs",
        "records missing in some of the epochs: 1, in all of them: 0",
        "epochs 1..3",
        "never_learnt",
        "threshold_closeness",
    ):
        assert part in scored.stdout
    found = hardness("suspects", "data.hardness", "--top", "2", cwd=folder, env=env)
    assert found.returncode == 0, found.stderr
    assert "30 records ranked by cartography.confidence and cartography.aum" in found.stdout
    assert "the scores are in-sample" in found.stdout
    tables = [line for line in found.stdout.splitlines() if not line.startswith("the scores")]
    assert max(map(len, tables)) <= width
    heading = next(line for line in tables if line.startswith("row"))
    assert heading.split() == ["row", "confidence", "aum", "given", "suggested", "text"]


def test_file_holds_every_record_and_shown_are_none(folder: Path) -> None:
    hardness("score", "data.jsonl", "--metric", "cartography", "--dynamics", "dynamics", cwd=folder)
    found = hardness("suspects", "data.hardness", "--top", "0", "-o", "s.jsonl", cwd=folder)
    assert found.returncode == 0, found.stderr
    assert "all of them: s.jsonl" in found.stdout
    assert "record " not in found.stdout
    lines = [json.loads(line) for line in (folder / "s.jsonl").read_text().splitlines()]
    assert sorted(line["row"] for line in lines) == list(range(30))


def test_mistakes_take_one_line(folder: Path) -> None:
    failed = hardness("score", "--metric", "cartography", "--dynamics", "dynamics", cwd=folder)
    assert failed.returncode == 2
    assert failed.stderr.splitlines() == [
        "error: data must be named, as it is known for the dynamics of a run of `hardness train` "
        "only, got none; give the files of the records"
    ]
