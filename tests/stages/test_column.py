"""Scores that the data carries: every format and kind, and everything that is no number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hardness
from hardness.errors import HardnessError

INF = float("inf")


def jsonl(path: Path, values: list[Any], name: str = "len") -> Path:
    rows = [{"id": f"r{i}", "text": f"text {i}", name: value} for i, value in enumerate(values)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def scored(data: Path, column: str = "len", **options: Any) -> list[Any]:
    options = {"higher": "harder"} | options
    table = hardness.score(data, metric=f"column:{column}", **options).table
    frame = table.frame(options.get("name") or f"column:{column}").collect()
    assert frame.columns == ["row", "id", "value"]
    assert frame.schema["value"] == pl.Float64
    return frame["value"].to_list()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([3, 1, 2], [3.0, 1.0, 2.0], id="integers"),
        pytest.param([1, 2.5, 3], [1.0, 2.5, 3.0], id="mixed"),
        pytest.param([2.5, None, 3], [2.5, None, 3.0], id="null"),
        pytest.param([True, False, None], [1.0, 0.0, None], id="booleans"),
        pytest.param([float("nan"), INF, -INF, 1], [None, INF, -INF, 1.0], id="nan and infinities"),
        pytest.param([2**53 + 1, 2**64 - 1, 0], [2.0**53, 2.0**64, 0.0], id="large integers"),
        pytest.param([None, None], [None, None], id="nothing but nulls"),
    ],
)
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_values_become_scores(tmp_path: Path, kind: str, values: list, expected: list) -> None:
    data = tmp_path / f"data.{kind}"
    if kind == "jsonl":
        jsonl(data, values)
    else:
        # Arrow takes no integers among floats, nor those of more than 63 bits unless it is told to.
        floats = any(isinstance(value, float) for value in values)
        kind_of = pa.float64() if floats else pa.uint64() if 2**64 - 1 in values else None
        column = pa.array(values, kind_of)
        ids = [f"r{i}" for i in range(len(values))]
        pq.write_table(pa.table({"id": ids, "text": ids, "len": column}), data)
    assert scored(data) == expected


def test_csv_columns_are_numbers_where_all_of_them_are(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text("id,text,len\na,x,3\nb,y,\nc,z,1e2\n")
    assert scored(data) == [3.0, None, 100.0]
    data.write_text("id,text,len\na,x,3\nb,y,n/a\n")
    with pytest.raises(
        HardnessError, match=r"column 'len' must hold numbers, got the string 'n/a' at row 1 in .*"
    ):
        scored(data, overwrite=True)


def test_integers_and_infinities_do_not_depend_on_the_partition(tmp_path: Path) -> None:
    values: list[Any] = [*range(40), 0.5, INF, float("nan"), *range(40)]
    data = jsonl(tmp_path / "data.jsonl", values)
    whole = scored(data, output=tmp_path / "one")
    assert scored(data, output=tmp_path / "many", partition_bytes=100) == whole
    assert scored(data, output=tmp_path / "w", partition_bytes=800, workers=1) == whole
    assert whole[40:43] == [0.5, INF, None]


@pytest.mark.parametrize(
    ("value", "got"),
    [("5", 'the string "5"'), (True, "true"), ([1], "the array"), ({"a": 1}, "the object")],
    ids=["string", "boolean", "list", "object"],
)
def test_other_values_are_bad_records_named_by_line(tmp_path: Path, value: Any, got: str) -> None:
    data = jsonl(tmp_path / "data.jsonl", [1, 2, value, 4])
    message = rf"data.jsonl line 3 must be a good record, got {got}.* in column 'len', which must "
    with pytest.raises(HardnessError, match=message + "be a number"):
        scored(data)
    assert scored(data, on_error="skip") == [1.0, 2.0, 4.0]


def test_a_column_of_strings_is_refused_with_a_row(tmp_path: Path) -> None:
    data = jsonl(tmp_path / "data.jsonl", ["1", "2"])
    with pytest.raises(HardnessError, match=r'line 1 must be a good record, got the string "1"'):
        scored(data)
    table = pa.table({"text": ["a", "b"], "len": [None, "2"]})
    pq.write_table(table, tmp_path / "data.parquet")
    with pytest.raises(HardnessError, match=r"must hold numbers, got the string '2' at row 1"):
        hardness.score(tmp_path / "data.parquet", metric="column:len", higher="harder")
    with pytest.raises(HardnessError, match=r"column 'text' must hold numbers, got strings"):
        scored(data, "text")


def test_files_must_agree_on_the_kind(tmp_path: Path) -> None:
    first = jsonl(tmp_path / "a.jsonl", [1, 2])
    second = jsonl(tmp_path / "b.jsonl", [True, False])
    with pytest.raises(HardnessError, match=r"'len' must be of one kind in all files, got number"):
        hardness.score([first, second], metric="column:len", higher="harder")


@pytest.mark.parametrize(("higher", "end"), [("harder", "higher"), ("easier", "lower")])
def test_the_direction_is_as_asked_for(tmp_path: Path, higher: str, end: str) -> None:
    data = jsonl(tmp_path / "data.jsonl", [3, 1, 2])
    info = hardness.score(data, metric="column:len", higher=higher).info
    assert info.directions == {"value": end}
    assert info.parameters == {"column": "len"}
    shards = hardness.build(info.path.parent, by="column:len", order="ascending")
    first = pl.read_parquet(Path(str(shards.path)) / "shard-*.parquet")["len"].to_list()
    assert first == ([1, 2, 3] if higher == "harder" else [3, 2, 1])
    other = "easier" if higher == "harder" else "harder"
    with pytest.raises(HardnessError, match=r"directions was .*, is .*; pass --overwrite"):
        hardness.score(data, metric="column:len", higher=other)


def test_names_keep_several_apart(tmp_path: Path) -> None:
    data = jsonl(tmp_path / "data.jsonl", [3, 1, 2], "my score")
    with pytest.raises(HardnessError, match=r"got 'column:my score'; give another with --name"):
        scored(data, "my score")
    assert scored(data, "my score", name="mine") == [3.0, 1.0, 2.0]
    with pytest.raises(HardnessError, match="name must not be that of a metric, got 'perplexity'"):
        scored(data, "my score", name="perplexity")
    assert hardness.open_table(tmp_path / "data.hardness").metrics == ["mine"]


def test_the_id_and_the_label_may_be_scores(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    rows = [{"id": 2**63 + i, "text": "x", "label": i} for i in range(3)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    frame = hardness.score(data, metric="column:label", higher="easier").table.frame("column:label")
    assert frame.collect()["value"].to_list() == [0.0, 1.0, 2.0]
    by_id = hardness.score(data, metric="column:id", higher="easier").table.frame("column:id")
    assert by_id.collect()["id"].to_list() == [row["id"] for row in rows]
    assert by_id.collect()["value"].to_list() == [2.0**63] * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"higher": None}, r"higher must be harder or easier for metric column:len, got nothing"),
        ({"higher": "up"}, r"higher must be harder or easier, got 'up'"),
        ({"order": 3}, r"options of metric column:len must be among higher, name, got order"),
        ({"column": "id"}, r"options of metric column:len must be among higher, name, got column"),
    ],
    ids=["no direction", "unknown direction", "another's option", "its own column"],
)
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    data = jsonl(tmp_path / "data.jsonl", [1])
    with pytest.raises(HardnessError, match=message):
        hardness.score(data, metric="column:len", **(dict[str, Any](higher="harder") | options))


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    data = jsonl(tmp_path / "data.jsonl", [1])
    with pytest.raises(HardnessError, match="column must be one of id, text, len, got 'lem'"):
        scored(data, "lem")
    with pytest.raises(
        HardnessError, match=r"metric must be one of .*column:NAME.*, got 'column:'"
    ):
        hardness.score(data, metric="column:")


def test_a_part_that_is_missing_is_made_again(tmp_path: Path) -> None:
    data = jsonl(tmp_path / "data.jsonl", list(range(50)))
    info = hardness.score(data, metric="column:len", higher="harder", partition_bytes=200).info
    folder = Path(str(info.path))
    whole = {path.name: path.read_bytes() for path in folder.glob("part-*")}
    assert len(whole) > 3
    (folder / "metric.json").unlink()
    (folder / "part-00001.parquet").unlink()
    again = hardness.score(data, metric="column:len", higher="harder", partition_bytes=200)
    assert again.resumed
    assert {path.name: path.read_bytes() for path in folder.glob("part-*")} == whole
