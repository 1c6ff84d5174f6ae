"""Keeping what was skipped."""

from __future__ import annotations

import json
from pathlib import Path

from hardness.io.records import Reject
from hardness.io.rejects import write_rejects


def test_rejects_are_lines_in_order_of_row(tmp_path: Path) -> None:
    rejects = [
        Reject(file="a.jsonl", line=row + 1, row=row, reason="why", record='é "\\xff')
        for row in (5, 2)
    ]
    assert write_rejects(tmp_path / "rejects.jsonl", rejects) == 2
    lines = (tmp_path / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"file": "a.jsonl", "line": 3, "row": 2, "reason": "why", "record": 'é "\\xff'},
        {"file": "a.jsonl", "line": 6, "row": 5, "reason": "why", "record": 'é "\\xff'},
    ]
