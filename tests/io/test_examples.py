"""The records at both ends, with their texts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hardness.errors import HardnessError
from hardness.io.dataset import Dataset, open_dataset
from hardness.io.examples import find_examples, read_texts
from hardness.io.table import HardnessTable, create_table

SCORES = [3.0, None, 1.0, 2.0, 1.0, 9.0, 5.0, 9.0]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    lines = [json.dumps({"text": f"text {i}"}) for i in range(len(SCORES))]
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    return open_dataset(tmp_path / "data.jsonl", partition_bytes=40)


def scored(dataset: Dataset, path: Path, direction: str) -> HardnessTable:
    table = create_table(path, dataset)
    columns = {"score": pa.float64(), "note": pa.float64()}
    writer = table.metric_writer(
        "m", parameters={}, direction=direction, columns=columns, dataset=dataset
    )
    writer.begin()
    for part in dataset.partitions:
        rows = np.arange(part.start_row, part.start_row + part.rows, dtype=np.uint64)
        values = [SCORES[row] for row in rows]
        writer.write(part.index, rows, {"score": values, "note": values})
    writer.finish(seconds=0.0)
    return table


@pytest.mark.parametrize(
    ("direction", "easiest", "hardest"),
    [("higher", [2, 4, 3], [5, 7]), ("lower", [5, 7, 6], [2, 4])],
)
def test_ends_are_in_order_and_of_equal_ones_the_first(
    dataset: Dataset, tmp_path: Path, direction: str, easiest: list[int], hardest: list[int]
) -> None:
    assert len(dataset.partitions) > 2
    table = scored(dataset, tmp_path / "t", direction)
    found = find_examples(table, dataset, "m", easiest=3, hardest=2)
    assert [example.row for example in found.easiest] == easiest
    assert [example.row for example in found.hardest] == hardest
    assert [example.score for example in found.hardest] == [SCORES[row] for row in hardest]
    assert [example.text for example in found.easiest] == [f"text {row}" for row in easiest]


def test_a_column_without_direction_has_no_ends(dataset: Dataset, tmp_path: Path) -> None:
    table = scored(dataset, tmp_path / "t", "higher")
    with pytest.raises(HardnessError, match=r"column must be a score of m: score, got 'note'"):
        find_examples(table, dataset, "m.note", easiest=1, hardest=1)


def test_texts_are_those_of_their_rows(dataset: Dataset) -> None:
    assert read_texts(dataset, [7, 0, 3]) == {7: "text 7", 0: "text 0", 3: "text 3"}
    assert read_texts(dataset, []) == {}


def test_a_rejected_row_has_no_text(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text('{"text": "a"}\n{"text": 1}\n{"text": "c"}\n')
    with (
        open_dataset(tmp_path / "data.jsonl", on_error="skip") as dataset,
        pytest.raises(KeyError),
    ):
        read_texts(dataset, [1])
