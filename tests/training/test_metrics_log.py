"""Lines of metrics."""

from __future__ import annotations

import json
from pathlib import Path

from hardness.training.metrics_log import MetricsLog


def test_numbers_that_json_has_not_are_null(tmp_path: Path) -> None:
    with MetricsLog(tmp_path / "m.jsonl") as log:
        log.write({"event": "eval", "step": 1, "perplexity": float("inf"), "loss": float("nan")})
    line = json.loads((tmp_path / "m.jsonl").read_text())
    assert line == {"event": "eval", "step": 1, "perplexity": None, "loss": None}


def test_lines_of_steps_to_be_taken_again_and_half_lines_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with MetricsLog(path) as log:
        for step in range(1, 6):
            log.write({"event": "train", "step": step})
    path.write_text(path.read_text() + '{"event": "tra')
    with MetricsLog(path, step=3) as log:
        log.write({"event": "train", "step": 4})
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2, 3, 4]


def test_a_run_from_the_start_keeps_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"event": "train", "step": 1}\n')
    MetricsLog(path).__exit__(None, None, None)
    assert path.read_text() == ""


def test_other_ranks_write_nothing(tmp_path: Path) -> None:
    with MetricsLog(None) as log:
        log.write({"event": "train", "step": 1})
    assert not list(tmp_path.iterdir())
