"""What is told of labels that may be none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hardness
from hardness.stages.label_counts import add_counts, count_classes, label_notes


def test_records_without_a_label_are_counted_for_none() -> None:
    labels = np.array([1, -1, 0, 1, -1], dtype=np.int32)
    assert count_classes(labels, 3) == [1, 2, 0]


def test_counts_of_partitions_add_up() -> None:
    parts = [{"classes": ["b", "a"], "counts": [2, 1]}, {"classes": ["a"], "counts": [4]}]
    assert add_counts(parts) == {"b": 2, "a": 5}


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({str(i): 1 for i in range(600)}, "600 of 600 labels in column 'y' have a single record"),
        ({"x": 500} | {str(i): 1 for i in range(20)}, "20 of 21 labels"),
        ({"x": 1, "y": 1}, None),
        ({str(i): 2 for i in range(20)} | {f"s{i}": 1 for i in range(15)}, None),
        ({"-1": 7, "0": 90, "1": 80}, "-1 in column 'y' counts as a class, with 7 records"),
        ({"-1": 7, "1": 80}, None),
        ({"-1": 7, "0": 90, "yes": 3}, None),
    ],
    ids=["ids", "most", "few records", "a tail", "no gold", "signs", "words"],
)
def test_labels_that_may_be_none(counts: dict[str, int], told: str | None) -> None:
    notes = label_notes(counts, "y")
    assert len(notes) == (told is not None)
    assert told is None or notes[0].startswith(told)


@pytest.mark.parametrize(
    "options",
    [
        {"metric": "ngram-pvi"},
        {"metric": "cartography", "proxy": "linear"},
        {"metric": "cartography", "proxy": "tiny", "folds": 2, "proxy_epochs": 1},
    ],
    ids=["ngram-pvi", "linear", "tiny"],
)
def test_metrics_that_read_labels_count_them(tmp_path: Path, options: dict[str, Any]) -> None:
    rows = [{"text": f"w{i % 7} {i % 3}", "label": i % 4 - 1} for i in range(60)]
    rows[7]["label"] = None
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = hardness.score(data, partition_bytes=500, **options)
    assert "label: label (detected), 4 classes" in result.detected
    (note,) = [n for n in result.info.content["notes"] if n.startswith("-1 in column 'label'")]
    assert "with 15 records" in note
    again = hardness.score(data, partition_bytes=500, **options)
    assert again.cached
    assert again.detected == result.detected
