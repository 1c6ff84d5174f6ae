"""A metric's folder from plan to metric.json."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from hardness.errors import HardnessError
from hardness.io.atomic import read_json
from hardness.io.metric import read_metric
from hardness.io.metric_plan import start_metric
from hardness.io.metric_writer import QUANTILES, MetricWriter, quantile
from hardness.io.opening import Opening

PARTS = [(0, 3), (3, 2)]
COLUMNS = {"ppl": pa.float64(), "n": pa.int32()}


def start(folder: Path, **changes: Any) -> MetricWriter:
    """A metric of two parts, begun."""
    settings: dict[str, Any] = {
        "parameters": {"order": 3},
        "directions": {"ppl": "higher"},
        "columns": COLUMNS,
        "dataset": "d1",
        "inputs": {"text": ["text"], "id": None},
        "parts": PARTS,
    }
    writer = start_metric(opening(folder), "m", **settings | changes)
    writer.begin()
    return writer


def opening(folder: Path) -> Opening:
    return Opening(path=folder, content={"kind": "made"}, stale=False)


def fill(writer: MetricWriter, index: int) -> None:
    """Write one part: the score is the row, null in row 1."""
    first, count = PARTS[index]
    rows = np.arange(first, first + count)
    scores = [None if row == 1 else float(row) for row in rows]
    writer.write(index, rows, {"ppl": scores, "n": rows})


def complete(folder: Path) -> None:
    """A finished metric."""
    writer = start(folder)
    for index in writer.missing:
        fill(writer, index)
    writer.finish(seconds=1.5)


def test_nothing_changes_until_a_metric_is_begun(tmp_path: Path) -> None:
    complete(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    settings: dict[str, Any] = {"directions": {"ppl": "higher"}, "columns": COLUMNS}
    settings |= {"dataset": "d2", "inputs": {}, "parts": PARTS, "parameters": {}}
    stale = Opening(path=tmp_path, content={"kind": "other"}, stale=True)
    writer = start_metric(stale, "m", **settings, replace=True)
    assert (writer.status, writer.replaced) == ("new", True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    writer.begin()
    assert read_json(tmp_path / "dataset.json") == {"kind": "other"}
    assert os.listdir(tmp_path / "m") == ["plan.json"]


def test_an_altered_part_of_the_same_size_makes_a_metric_be_done_again(tmp_path: Path) -> None:
    complete(tmp_path)
    part = tmp_path / "m" / "part-00001.parquet"
    body = bytearray(part.read_bytes())
    body[10] ^= 1
    part.write_bytes(body)
    info = read_metric(tmp_path / "m")
    assert info is not None
    with pytest.raises(HardnessError, match=r"part-00001\.parquet must be as it was written"):
        info.verify()
    assert start(tmp_path).status == "new"


def test_a_metric_goes_from_new_to_resume_to_complete(tmp_path: Path) -> None:
    writer = start(tmp_path)
    assert (writer.status, writer.missing, writer.replaced) == ("new", [0, 1], False)
    fill(pickle.loads(pickle.dumps(writer)), 1)
    assert read_metric(tmp_path / "m") is None
    writer = start(tmp_path)
    assert (writer.status, writer.missing) == ("resume", [0])
    fill(writer, 0)
    info = writer.finish(seconds=2.0, extra={"n_tokens": 7})
    assert info == read_metric(tmp_path / "m")
    writer = start(tmp_path)
    assert (writer.status, writer.missing, writer.replaced) == ("complete", [], False)
    assert info.frame().collect().to_dict(as_series=False) == {
        "row": [0, 1, 2, 3, 4],
        "ppl": [0.0, None, 2.0, 3.0, 4.0],
        "n": [0, 1, 2, 3, 4],
    }
    assert info.frame().collect_schema() == {"row": pl.UInt64, "ppl": pl.Float64, "n": pl.Int32}


def test_metric_json_tells_what_was_computed(tmp_path: Path) -> None:
    complete(tmp_path)
    content = read_json(tmp_path / "m" / "metric.json")
    summary = content.pop("summary")
    parts = content.pop("parts")
    assert content.pop("code_version")
    assert content == {
        "schema_version": 1,
        "name": "m",
        "parameters": {"order": 3},
        "columns": ["ppl", "n"],
        "types": ["double", "int32"],
        "directions": {"ppl": "higher"},
        "direction": "higher",
        "dataset": "d1",
        "inputs": {"text": ["text"], "id": None},
        "rows": 5,
        "seconds": 1.5,
    }
    assert (summary["ppl"]["count"], summary["ppl"]["nulls"]) == (4, 1)
    assert summary["ppl"]["mean"] == 2.25
    assert summary["ppl"]["quantiles"]["0.5"] == 2.5  # of 0, 2, 3, 4
    assert [(part["name"], part["rows"]) for part in parts] == [
        ("part-00000.parquet", 3),
        ("part-00001.parquet", 2),
    ]


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "parameters": ({"parameters": {"order": 2}}, "order was 3, is 2"),
    "dataset": ({"dataset": "d2"}, "dataset was d1, is d2"),
    "text": ({"inputs": {"text": ["body"], "id": None}}, r"text was \['text'\], is \['body'\]"),
    "type": ({"columns": {"ppl": pa.float32(), "n": pa.int32()}}, "types was .*float"),
    "direction": ({"directions": {"ppl": "lower"}}, "directions was .*lower"),
}


@pytest.mark.parametrize(("changes", "message"), CHANGES.values(), ids=CHANGES.keys())
def test_a_result_of_another_plan_is_replaced_only_when_told_to(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    complete(tmp_path)
    before = sorted(os.listdir(tmp_path / "m"))
    with pytest.raises(HardnessError, match=rf"{message}.*pass --overwrite"):
        start(tmp_path, **changes)
    assert sorted(os.listdir(tmp_path / "m")) == before
    writer = start(tmp_path, **changes, replace=True)
    assert (writer.status, writer.missing, writer.replaced) == ("new", [0, 1], True)
    assert os.listdir(tmp_path / "m") == ["plan.json"]


@pytest.mark.parametrize("changes", [c for c, _ in CHANGES.values()], ids=CHANGES.keys())
def test_the_beginning_of_another_plan_is_wiped(tmp_path: Path, changes: dict[str, Any]) -> None:
    fill(start(tmp_path), 0)
    writer = start(tmp_path, **changes)
    assert (writer.status, writer.missing, writer.replaced) == ("new", [0, 1], True)
    assert os.listdir(tmp_path / "m") == ["plan.json"]


def test_another_partition_plan_keeps_a_result_but_not_its_beginning(tmp_path: Path) -> None:
    fill(start(tmp_path), 0)
    assert start(tmp_path, parts=[(0, 5)]).replaced
    complete(tmp_path)
    assert start(tmp_path, parts=[(0, 5)]).status == "complete"


def test_another_version_keeps_a_result_but_not_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(start(tmp_path), 0)
    monkeypatch.setattr("hardness.io.metric_plan.__version__", "99")
    assert start(tmp_path).replaced
    complete(tmp_path)
    monkeypatch.undo()
    assert start(tmp_path).status == "complete"


def test_parts_that_are_cut_are_written_again(tmp_path: Path) -> None:
    writer = start(tmp_path)
    for index in (0, 1):
        fill(writer, index)
    path = tmp_path / "m" / "part-00001.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    assert start(tmp_path).missing == [1]


@pytest.mark.parametrize("harm", ["truncate", "remove"])
def test_a_finished_metric_that_lost_a_part_says_so_and_is_redone(
    tmp_path: Path, harm: str
) -> None:
    complete(tmp_path)
    path = tmp_path / "m" / "part-00001.parquet"
    size = path.stat().st_size
    got = "nothing" if harm == "remove" else f"{size - 5} bytes"
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-5])
    info = read_metric(tmp_path / "m")
    assert info is not None
    with pytest.raises(
        HardnessError,
        match=rf"part-00001\.parquet must have {size} bytes, got {got}; delete .*m and score again",
    ):
        info.frame()
    assert start(tmp_path).missing == [0, 1]


def test_a_damaged_plan_is_not_trusted(tmp_path: Path) -> None:
    fill(start(tmp_path), 0)
    (tmp_path / "m" / "plan.json").write_text("{")
    assert start(tmp_path).replaced


def test_what_a_crash_left_of_a_part_is_not_a_part(tmp_path: Path) -> None:
    start(tmp_path)
    (tmp_path / "m" / ".part-00000.parquet.tmp-1-a").write_bytes(b"half")
    assert start(tmp_path).missing == [0, 1]


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([0, 1], {"n": [1, 1], "ppl": [1.0, 1.0]}, "columns must be ppl, n, got n, ppl"),
        ([0, 3], {"ppl": [1.0, 1.0], "n": [1, 1]}, r"rows of part 0 must increase within \[0, 3\)"),
        ([1, 1], {"ppl": [1.0, 1.0], "n": [1, 1]}, "rows of part 0 must increase"),
        ([0], {"ppl": [float("nan")], "n": [1]}, "ppl must be null where it is undefined, got NaN"),
    ],
    ids=["columns", "outside", "twice", "nan"],
)
def test_parts_are_checked(
    tmp_path: Path, rows: list[int], columns: dict[str, Any], message: str
) -> None:
    writer = start(tmp_path)
    with pytest.raises(ValueError, match=message):
        writer.write(0, np.array(rows), columns)
    assert os.listdir(tmp_path / "m") == ["plan.json"]


def test_a_metric_with_a_part_missing_is_not_finished(tmp_path: Path) -> None:
    writer = start(tmp_path)
    fill(writer, 0)
    with pytest.raises(ValueError, match=r"parts must all be written, got no part-00001\.parquet"):
        writer.finish(seconds=0)


def test_rejected_records_and_ids_are_kept_apart(tmp_path: Path) -> None:
    writer = start(tmp_path)
    rows = np.array([0, 2], dtype=np.uint64)
    writer.write(0, rows, {"ppl": pa.array([1, 2]), "n": [1, 1]}, ids=pa.array(["a", "c"]))
    writer.write(1, rows[:0], {"ppl": [], "n": []}, ids=pa.array([], pa.string()))
    info = writer.finish(seconds=0)
    assert info.rows == 2
    assert info.frame().collect().columns == ["row", "id", "ppl", "n"]
    assert info.frame().collect()["row"].to_list() == [0, 2]


def test_a_column_without_values_or_numbers_is_summed_up(tmp_path: Path) -> None:
    columns = {"v": pa.float64(), "word": pa.string(), "wild": pa.float64()}
    writer = start(tmp_path, columns=columns, directions={"v": "lower"}, parts=[(0, 2)])
    wild = [float("inf"), 1.0]
    writer.write(0, np.arange(2), {"v": [None, None], "word": ["a", None], "wild": wild})
    info = writer.finish(seconds=0)
    assert info.summary["v"] == {"count": 0, "nulls": 2, "mean": None, "quantiles": {}}
    assert info.summary["word"] == {"count": 1, "nulls": 1}
    assert info.summary["wild"]["mean"] is None
    assert info.summary["wild"]["quantiles"]["1"] is None  # JSON has no infinity
    # Nothing lies between a finite and an infinite score.
    assert info.summary["wild"]["quantiles"]["0"] == info.summary["wild"]["quantiles"]["0.5"] == 1
    assert (info.direction, info.direction_of("v")) == ("lower", "lower")
    with pytest.raises(HardnessError, match="column must be a score of m: v, got 'word', which"):
        info.direction_of("word")


@pytest.mark.parametrize("name", ["a.b", "", "a/b", "../a", ".hidden", "ä"])
def test_names_that_are_no_folders_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(HardnessError, match="metric name must be letters, digits"):
        start_metric(
            opening(tmp_path),
            name,
            parameters={},
            directions={"v": "higher"},
            columns={"v": pa.float64()},
            dataset="d",
            inputs={},
            parts=[(0, 1)],
        )


@pytest.mark.parametrize("directions", [{"n": "higher"}, {"ppl": "up"}], ids=["missing", "unknown"])
def test_the_primary_column_needs_a_direction(tmp_path: Path, directions: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="direction must be higher or lower"):
        start(tmp_path, directions=directions)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"schema_version": 2}', "must be of schema version 1, got 2; install"),
        ('{"schema_version": 1}', "must describe a metric, got no 'name'; delete"),
        ("[]", r"metric\.json must describe a metric"),
        ("{", r"metric\.json must be a readable JSON file"),
    ],
    ids=["newer", "lacking", "list", "broken"],
)
def test_a_metric_json_that_cannot_be_used_is_named(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "metric.json").write_text(content)
    with pytest.raises(HardnessError, match=message):
        read_metric(tmp_path)


@pytest.mark.parametrize("n", [1, 2, 3, 20, 21, 1000])
def test_quantiles_are_those_of_numpy_to_the_bit(n: int) -> None:
    rng = np.random.default_rng(n)
    for scale in (1e-5, 1.0, 1e6):
        numbers = np.sort(rng.standard_normal(n) * scale)
        for q in (*QUANTILES, *rng.random(20)):
            assert quantile(numbers, q) == np.quantile(numbers, q)


def test_quantile_beside_an_infinite_number_is_the_lower_one() -> None:
    assert quantile(np.array([1.0, np.inf]), 0.25) == np.inf
    assert quantile(np.array([1.0, 2.0, np.inf]), 0.5) == 2.0
    assert quantile(np.array([-np.inf, np.inf]), 0.5) == -np.inf
