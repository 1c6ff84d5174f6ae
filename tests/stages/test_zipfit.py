"""Alignment by compression through the stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hardness
from hardness.errors import HardnessError
from hardness.ngram.hashing import uniform
from tests.ngram.test_alignment import naive
from tests.stages.test_perplexity import records, write


def texts_of(rows: list[dict[str, Any]]) -> list[str]:
    return [row["text"] for row in rows if row["text"] and row["text"].strip()]


def test_scores_equal_gzip(tmp_path: Path) -> None:
    rows = [*records(30), {"text": " \t"}, {"text": ""}, {"text": None}]
    target = [{"text": "the dog sleeps"}, {"text": ""}, {"text": "日本 語 語"}, {"text": " "}]
    data, wanted = write(tmp_path / "data.jsonl", rows), write(tmp_path / "t.jsonl", target)
    result = hardness.score(data, metric="zipfit", reference=(wanted,), partition_bytes=1500)
    targets = [text.encode() for text in texts_of(target)]
    expected = [
        pytest.approx(naive(row["text"].encode(), targets), rel=1e-9)
        if row["text"] and row["text"].strip()
        else None
        for row in rows
    ]
    assert result.table.frame("zipfit").collect()["alignment"].to_list() == expected
    assert result.info.content["compared"] == 2
    assert result.info.directions == {"alignment": "lower"}


def test_the_targets_are_drawn_by_their_rows(tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", [{"text": "the dog runs in the park"}])
    target = [{"text": f"text {i} {'ab' * i}"} for i in range(40)]
    wanted = write(tmp_path / "t.jsonl", target)
    result = hardness.score(data, metric="zipfit", reference=(wanted,), targets=7)
    drawn = np.argsort(uniform(np.arange(40, dtype=np.uint64)))[:7]
    expected = naive(b"the dog runs in the park", [target[i]["text"].encode() for i in drawn])
    got = result.table.frame("zipfit").collect()["alignment"].to_list()
    assert got == [pytest.approx(expected, rel=1e-12)]


def test_the_bits_do_not_depend_on_what_runs_it(tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", records(60))
    target = write(tmp_path / "target.jsonl", records(40))
    frames = []
    places: list[dict[str, Any]] = [
        {"threads": 1},
        {"partition_bytes": 1000, "threads": 4},
        {"partition_bytes": 2000, "workers": 2},
    ]
    for i, where in enumerate(places):
        options = {"metric": "zipfit", "reference": (target,), "targets": 5} | where
        table = hardness.score(data, output=tmp_path / f"t{i}", **options).table
        frames.append(table.frame("zipfit").collect().to_arrow())
    assert all(frame.equals(frames[0]) for frame in frames[1:])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": ()}, "reference must be text like that which is wanted for metric zipfit"),
        ({"targets": 0}, "targets must be at least 1, got 0; 100 is usual"),
        ({"reference": ("empty.jsonl",)}, "reference must have a record with text, got none"),
    ],
    ids=["no target", "none of it", "without text"],
)
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    data = write(tmp_path / "data.jsonl", records(20))
    write(tmp_path / "empty.jsonl", [{"text": " "}, {"text": None}])
    given = dict[str, Any](metric="zipfit", reference=(data,)) | options
    with pytest.raises(HardnessError, match=message):
        hardness.score(data, **given)
