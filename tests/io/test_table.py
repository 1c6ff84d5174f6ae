"""Hardness tables."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hardness import open_table as public_open_table
from hardness.errors import HardnessError
from hardness.io.dataset import Dataset, open_dataset
from hardness.io.table import HardnessTable, create_table, default_folder, open_table
from tests.io.helpers import texts_of, write
from tests.paths import local

LINES = "".join(f'{{"text": "t{i}", "id": "i{i}", "y": {i % 2}}}\n' for i in range(7))


def scored(path: str, *names: str) -> HardnessTable:
    """The table beside `path` after scoring it; `m` has v = row + its length, and n = -row."""
    with open_dataset(path, partition_bytes=60, on_error="skip") as dataset:
        table = create_table(default_folder(path), dataset)
        for name in names:
            score(table, dataset, name)
    return table


def score(table: HardnessTable, dataset: Dataset, name: str, **options: object) -> str:
    """Compute a metric; the writer's status."""
    writer = table.metric_writer(
        name,
        parameters={"p": 1} | options,
        direction={"v": "higher", "n": "lower"},
        columns={"v": pa.float64(), "n": pa.int64()},
        dataset=dataset,
    )
    writer.begin()
    for index in writer.missing:
        records = dataset.read(dataset.partitions[index], ["id"])
        rows = records.rows.astype(np.int64)
        values = {"v": rows + len(name) / 10, "n": -rows}
        writer.write(index, records.rows, values, ids=records.table.column("id"))
    if writer.status != "complete":
        writer.finish(seconds=0.1)
    return writer.status


def test_a_table_is_made_scored_and_opened(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", LINES)
    scored(path, "b", "aa")
    table = public_open_table(tmp_path / "data.hardness")
    assert table.metrics == ["aa", "b"]
    assert table.rows == 7
    assert table.frame("b").collect().columns == ["row", "id", "v", "n"]
    frame = table.frame().collect()
    assert frame.columns == ["row", "id", "aa", "aa.n", "b", "b.n"]
    assert frame["row"].to_list() == list(range(7))
    assert frame["id"].to_list() == [f"i{i}" for i in range(7)]
    assert frame["aa"].to_list() == [i + 0.2 for i in range(7)]
    assert frame["b.n"].to_list() == [-i for i in range(7)]
    for column, name in (("b", "b"), ("b.v", "b"), ("b.n", "b.n")):
        values = table.column(column).collect()
        assert values.columns == ["row", "value"]
        assert values["value"].to_list() == frame[name].to_list()
    info, column = table.resolve("aa.n")
    assert (info.name, column, info.direction_of(column)) == ("aa", "n", "lower")


def test_rejected_rows_are_gaps(tmp_path: Path) -> None:
    lines = LINES.splitlines()
    lines[2] = "bad"
    table = scored(write(tmp_path, "data.jsonl", "\n".join(lines)), "b")
    assert table.rows == 7
    assert table.column("b").collect()["row"].to_list() == [0, 1, 3, 4, 5, 6]


def test_dataset_json_tells_what_was_read(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", LINES)
    table = scored(path, "b")
    content = json.loads((table.path / "dataset.json").read_text())
    (file,) = content["files"]
    assert content["columns"] == {"text": ["text"], "label": None, "id": "id", "group": None}
    assert (content["schema_version"], content["rows"]) == (1, 7)
    assert (file["path"], file["absolute"]) == ("../data.jsonl", path)
    assert (file["bytes"], file["rows"], len(file["xxh3_128"])) == (len(LINES), 7, 32)


def test_the_same_again_is_complete_and_rewrites_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", LINES)
    table = scored(path, "b")
    files = sorted(file for file in local(table.path).rglob("*") if file.is_file())
    before = [file.stat().st_mtime_ns for file in files]
    with open_dataset(path) as dataset:
        assert score(create_table(table.path, dataset), dataset, "b") == "complete"
    assert [file.stat().st_mtime_ns for file in files] == before


def test_another_text_column_is_another_result(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", LINES)
    table = scored(path, "b")
    with (
        open_dataset(path, text="id") as dataset,
        pytest.raises(HardnessError, match=r"text was .*, is \['id'\].*pass --overwrite"),
    ):
        score(create_table(table.path, dataset), dataset, "b")


def test_later_scoring_adds_columns_and_forgets_none(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", LINES)
    for label, group in (("y", None), (None, "y"), (None, None)):
        with open_dataset(path, label=label, group=group) as dataset:
            table = create_table(tmp_path / "out", dataset)
            score(table, dataset, "b")
    assert (table.columns.label, table.columns.group, table.columns.id) == ("y", "y", "id")


def test_scores_of_changed_data_are_never_mixed(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", LINES)
    table = scored(path, "b", "c")
    (local(table.path) / "notes.txt").write_text("mine")
    write(tmp_path, "data.jsonl", LINES.replace("t3", "T3"))
    message = (
        r"data\.hardness must hold scores of .*data\.jsonl, got scores of other contents \(the "
        r"data changed since\); delete the folder, name another with -o, or score "
        "with --overwrite"
    )
    with pytest.raises(HardnessError, match=message):
        table.dataset()
    with open_dataset(path) as dataset:
        with pytest.raises(HardnessError, match=message):
            create_table(table.path, dataset)
        assert open_table(table.path).metrics == ["b", "c"]
        table = create_table(table.path, dataset, replace=True)
        assert table.metrics == []
        assert score(table, dataset, "b") == "new"
    assert open_table(table.path).metrics == ["b"]
    assert (table.path / "notes.txt").read_text() == "mine"


def test_a_metric_of_other_data_in_the_folder_is_refused(tmp_path: Path) -> None:
    one = scored(write(tmp_path, "one.jsonl", LINES), "b")
    two = scored(write(tmp_path, "two.jsonl", LINES * 2), "c")
    shutil.copytree(local(one.path) / "b", local(two.path) / "b")
    with pytest.raises(HardnessError, match=r"b must hold scores of the data in .*two\.hardness"):
        two.frame()


def test_the_data_is_found_where_it_was_and_where_it_went(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    path = write(tmp_path / "old", "data.jsonl", LINES)
    table = scored(path, "b")
    with table.dataset() as dataset:
        assert texts_of(dataset)[0] == [f"t{i}" for i in range(7)]
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    os.rename(local(table.path), tmp_path / "alone.hardness")
    with open_table(tmp_path / "alone.hardness").dataset() as dataset:
        assert dataset.files[0].path == path  # no file lies beside it, so where it was
    os.remove(path)
    with open_table(tmp_path / "new" / "data.hardness").dataset() as dataset:
        assert dataset.files[0].path == str(tmp_path / "new" / "data.jsonl")
    with pytest.raises(
        HardnessError,
        match=r"data must be where it was scored, got no file .*data\.jsonl or .*; put it back, or "
        r"score it where it is now with -o \S*alone\.hardness, which finds the scores",
    ):
        open_table(tmp_path / "alone.hardness").dataset()
    moved = str(tmp_path / "new" / "data.jsonl")
    with open_dataset(moved) as dataset:
        assert score(create_table(tmp_path / "alone.hardness", dataset), dataset, "b") == "complete"
    with open_table(tmp_path / "alone.hardness").dataset() as dataset:
        assert dataset.files[0].path == moved


def test_scores_of_another_file_name_it(tmp_path: Path) -> None:
    table = scored(write(tmp_path, "data.jsonl", LINES), "b")
    other = write(tmp_path, "data.ndjson", LINES.replace("t3", "T3"))
    with (
        open_dataset([other, other]) as dataset,
        pytest.raises(
            HardnessError,
            match=r"must hold scores of \S*data\.ndjson and 1 more, got scores of \S*data\.jsonl; "
            "name another folder with -o",
        ),
    ):
        create_table(table.path, dataset)


def test_a_namesake_beside_the_table_does_not_hide_the_data(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    path = write(tmp_path / "old", "data.jsonl", LINES)
    table = scored(path, "b")
    (tmp_path / "new").mkdir()
    os.rename(local(table.path), tmp_path / "new" / "data.hardness")
    write(tmp_path / "new", "data.jsonl", "other")
    with open_table(tmp_path / "new" / "data.hardness").dataset() as dataset:
        assert dataset.files[0].path == path


def test_unknown_names_list_the_known_ones(tmp_path: Path) -> None:
    table = scored(write(tmp_path, "data.jsonl", LINES), "b", "aa")
    with pytest.raises(
        HardnessError, match=r"metric must be one of aa, b in .*, got 'x'; there is"
    ):
        table.column("x")
    with pytest.raises(HardnessError, match=r"column must be one of b\.v, b\.n, got 'b\.x'"):
        table.column("b.x")
    with pytest.raises(HardnessError, match=r"got '\.\.'"):
        table.metric("..")


def test_an_unfinished_metric_is_not_there_yet(tmp_path: Path) -> None:
    table = scored(write(tmp_path, "data.jsonl", LINES), "b")
    (table.path / "b" / "metric.json").unlink()
    assert table.metrics == []
    with pytest.raises(HardnessError, match="metric must be one of none yet in"):
        table.frame("b")
    with pytest.raises(HardnessError, match=r"data\.hardness must hold a metric, got none"):
        table.frame()


def test_folders_that_are_no_tables_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", LINES)
    with pytest.raises(HardnessError, match=r"with dataset\.json, got .*jsonl; score the data"):
        open_table(path)
    scored(path, "b")
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "manifest.json").write_text("{}")
    with pytest.raises(HardnessError, match=r"got .*shards; it holds shards"):
        open_table(tmp_path / "shards")
    with pytest.raises(HardnessError, match=r"got .*data\.jsonl; its table is .*data\.hardness"):
        open_table(path)
    with open_dataset(path) as dataset:
        for place in (tmp_path, path):
            for replace in (True, False):
                with pytest.raises(HardnessError, match="output must be a hardness table or a new"):
                    create_table(place, dataset, replace=replace)
        (tmp_path / "empty").mkdir()
        assert create_table(tmp_path / "empty", dataset).metrics == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"schema_version": 2}', "must be of schema version 1, got 2"),
        ('{"schema_version": 1}', "must describe a dataset, got no 'columns'"),
        ("[]", "must describe a dataset"),
        ("", "must be a readable JSON file"),
    ],
    ids=["newer", "lacking", "list", "empty"],
)
def test_a_damaged_dataset_json_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(HardnessError, match=rf"dataset\.json {message}"):
        open_table(tmp_path)


def test_a_table_whose_first_file_was_cut_off_is_begun_again(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", LINES)
    (tmp_path / "data.hardness").mkdir()
    (tmp_path / "data.hardness" / ".dataset.json.tmp-1-ab12").write_text("{")
    assert scored(path, "b").metrics == ["b"]
    assert sorted(os.listdir(tmp_path / "data.hardness")) == ["b", "dataset.json"]
