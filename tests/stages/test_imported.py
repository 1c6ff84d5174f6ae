"""Imported scores: matched as a dictionary would, whatever the format, the key and what runs it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hardness
from hardness.errors import HardnessError
from hardness.stages import keyed

INF = float("inf")


def data_file(path: Path, ids: list[Any], key: str = "id") -> Path:
    rows = [{key: name, "text": f"text {i}"} for i, name in enumerate(ids)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def score_file(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".csv":
        pl.DataFrame(rows).write_csv(path)
    elif path.suffix == ".arrow":
        pl.DataFrame(rows).write_ipc(path)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(pl.DataFrame(rows).write_csv().encode()))
    else:
        pl.DataFrame(rows).write_parquet(path)
    return path


def imported(data: Path, source: Path, **options: Any) -> pl.DataFrame:
    options = {"higher": "harder"} | options
    result = hardness.score(data, metric="import", source=(str(source),), **options)
    return result.table.frame(result.info.name).collect()


SCORES = [
    {"id": "b", "loss": 2.5, "name": "x", "rank": 1},
    {"id": "é", "loss": -1.0, "name": "y", "rank": 2},
    {"id": "unknown", "loss": 9.0, "name": "z", "rank": 3},
    {"id": "", "loss": 7.0, "name": "z", "rank": 4},
]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "csv.gz", "parquet", "arrow"])
def test_every_format_is_joined_by_id(tmp_path: Path, ending: str) -> None:
    data = data_file(tmp_path / "data.jsonl", ["a", "b", "é", None, "b"])
    source = score_file(tmp_path / f"scores.{ending}", SCORES)
    frame = imported(data, source)
    assert frame.columns == ["row", "id", "loss", "rank"]
    assert frame["loss"].to_list() == [None, 2.5, -1.0, None, 2.5]
    assert frame["rank"].to_list() == [None, 1.0, 2.0, None, 1.0]
    info = hardness.open_table(tmp_path / "data.hardness").metric("import")
    counts = {name: info.content[name] for name in ("matched", "missing", "unmatched")}
    assert counts == {"matched": 3, "missing": 2, "unmatched": 2}
    assert info.content["notes"] == [
        f"3 records found in {source}",
        "2 records are not in it and have no score",
        "2 of its keys are no record's",
    ]
    assert info.directions == {"loss": "higher", "rank": "higher"}


@pytest.mark.parametrize("on", [None, "id", "row", "uid"])
def test_the_key_may_be_any_column_or_the_row(tmp_path: Path, on: str | None) -> None:
    key = on or "id"
    names = [0, 1, 2, 3] if on == "row" else [10, 7, 3, 2**63]
    data = data_file(tmp_path / "data.jsonl", [10, 7, 3, 2**63], "id" if on == "row" else key)
    # Integers in one place and strings in the other name the same records.
    rows = [{key: str(name), "s": i / 2} for i, name in enumerate(names)]
    source = score_file(tmp_path / "scores.jsonl", rows[::-1])
    assert imported(data, source, on=on)["s"].to_list() == [0.0, 0.5, 1.0, 1.5]


def test_undefined_and_infinite_numbers(tmp_path: Path) -> None:
    data = data_file(tmp_path / "data.jsonl", ["a", "b", "c", "d"])
    source = tmp_path / "scores.csv"
    source.write_text("id,s,t\nd,inf,1\na,,2\nb,nan,3\nc,-inf,4\n")
    frame = imported(data, source)
    assert frame["s"].to_list() == [None, None, -INF, INF]
    assert frame["t"].to_list() == [2.0, 3.0, 4.0, 1.0]
    info = hardness.open_table(tmp_path / "data.hardness").metric("import")
    assert info.content["missing"] == 0
    assert info.summary["s"]["nulls"] == 2


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    ids=st.lists(st.text("ab7é", max_size=3), min_size=1, max_size=30),
    scores=st.dictionaries(
        st.text("ab7é", max_size=3), st.floats(allow_nan=False) | st.none(), min_size=1, max_size=30
    ),
)
def test_equals_a_dictionary(tmp_path: Path, ids: list[str], scores: dict[str, Any]) -> None:
    scores[ids[0]] = 1.5  # one at least is found
    data = data_file(tmp_path / "data.jsonl", ids)
    source = tmp_path / "scores.parquet"
    pl.DataFrame(
        {"id": list(scores), "s": list(scores.values())}, schema={"id": pl.String, "s": pl.Float64}
    ).write_parquet(source)
    frame = imported(data, source, overwrite=True)
    assert frame["s"].to_list() == [scores.get(name) for name in ids]


def test_the_bits_do_not_depend_on_what_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    names = [f"record {i}" for i in rng.permutation(2000)]
    data = data_file(
        tmp_path / "data.jsonl", [None if i % 50 == 3 else n for i, n in enumerate(names)]
    )
    rows = [{"id": n, "a": float(i), "b": i % 7} for i, n in enumerate(reversed(names[200:]))]
    source = score_file(tmp_path / "scores.jsonl", rows)
    first = imported(data, source, output=tmp_path / "one")
    expected = {row["id"]: row["a"] for row in rows}
    assert first["a"].to_list() == [expected.get(name) for name in first["id"]]
    monkeypatch.setattr(keyed, "_KEYS_PER_BUCKET", 100)
    for i, where in enumerate(
        [
            {"threads": 1},
            {"partition_bytes": 5000, "threads": 4},
            {"partition_bytes": 20_000, "memory": 10**6},
            {"partition_bytes": 20_000, "workers": 2},
        ]
    ):
        other = imported(data, source, output=tmp_path / f"t{i}", **where)
        assert other.to_arrow().equals(first.to_arrow()), where


def test_columns_are_chosen_and_ordered_and_have_their_own_ends(tmp_path: Path) -> None:
    data = data_file(tmp_path / "data.jsonl", ["a", "b"])
    rows = [{"id": "a", "x": 1, "y": 2, "z": True}, {"id": "b", "x": 3, "y": 4, "z": False}]
    source = (str(score_file(tmp_path / "scores.jsonl", rows)),)
    result = hardness.score(
        data, metric="import", source=source, columns="z,x", higher="z=easier", name="mine"
    )
    assert result.info.name == "mine"
    assert result.info.columns == ("z", "x")
    assert result.info.directions == {"z": "lower"}
    other = hardness.score(data, metric="import", source=source, columns="x", higher="easier")
    assert other.table.metrics == ["import", "mine"]
    frame = other.table.frame().collect()
    assert frame.columns == ["row", "id", "import", "mine", "mine.x"]
    assert frame["mine"].to_list() == [1.0, 0.0]
    built = hardness.build(result.table.path, by="mine", order="ascending", output=tmp_path / "s")
    assert built.rows == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": ()}, r"from must be a file with scores for metric import, got none"),
        ({"source": ("nope.csv",)}, r"from must be an existing file, got 'nope.csv'"),
        ({"higher": None}, r"higher must be harder or easier for metric import, got nothing"),
        ({"higher": "loss=up"}, r"higher must be harder or easier, got 'up'"),
        ({"higher": "rank=harder"}, r"higher must name columns among loss, rank, .* for 'loss'"),
        ({"higher": "loss=harder,los=harder"}, r"higher must name columns among .*, got 'los'"),
        ({"higher": "loss=harder,loss=easier"}, r"higher must name each column once"),
        ({"columns": "loss,loss"}, r"columns must be different column names, got 'loss,loss'"),
        ({"columns": "los"}, r"columns must be among id, loss, name, rank, got 'los'"),
        ({"columns": "id"}, r"columns must be scores, got 'id', which names records"),
        ({"on": "uid"}, r"column must be one of id, text, got 'uid'"),
        ({"on": "row"}, r"on must be a column of the file, which has id, loss, .*, got 'row'"),
        ({"name": "perplexity"}, r"name must not be that of a metric, got 'perplexity'"),
        ({"name": "my scores"}, r"metric name must be letters, .*, got 'my scores'"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    data = data_file(tmp_path / "data.jsonl", ["a", "b"])
    source = score_file(tmp_path / "scores.jsonl", SCORES)
    given = {"source": (str(source),), "higher": "harder"} | options
    with pytest.raises(HardnessError, match=message):
        hardness.score(data, metric="import", **given)
    assert not (tmp_path / "data.hardness").exists()


def test_a_key_that_is_twice_in_the_file_is_named(tmp_path: Path) -> None:
    data = data_file(tmp_path / "data.jsonl", ["a", "b"])
    source = score_file(tmp_path / "scores.csv", [{"id": n, "s": 1} for n in "xaya"])
    with pytest.raises(HardnessError, match="from must have each key once, got 'a' twice"):
        imported(data, source)


def test_keys_of_which_none_is_a_record_are_refused(tmp_path: Path) -> None:
    data = data_file(tmp_path / "data.jsonl", ["a", "b"])
    source = score_file(tmp_path / "scores.csv", [{"id": "x", "s": 1}])
    with pytest.raises(HardnessError, match=r"on must name records of the data, got 'id', under "):
        imported(data, source)


def test_data_without_an_id_needs_a_key(tmp_path: Path) -> None:
    data = data_file(tmp_path / "data.jsonl", ["a"], "name")
    source = score_file(tmp_path / "scores.csv", [{"name": "a", "s": 1}])
    with pytest.raises(HardnessError, match="on must be a column that names each record, got none"):
        imported(data, source)
    assert imported(data, source, on="name")["s"].to_list() == [1.0]


def test_keys_of_other_kinds_are_refused(tmp_path: Path) -> None:
    data = data_file(tmp_path / "data.jsonl", [0.5, 1.5], "key")
    source = score_file(tmp_path / "scores.parquet", [{"key": 0.5, "s": 1}])
    with pytest.raises(HardnessError, match=r"on must be a column of strings or integers, got 'k"):
        imported(data, source, on="key")
    words = data_file(tmp_path / "words.jsonl", ["a"], "key")
    with pytest.raises(HardnessError, match=r"got 'key', which holds numbers in the file"):
        imported(words, source, on="key")


def test_a_score_that_is_no_number_is_named_with_its_line(tmp_path: Path) -> None:
    data = data_file(tmp_path / "data.jsonl", ["a", "b"])
    source = score_file(tmp_path / "scores.jsonl", [{"id": "a", "s": 1}, {"id": "b", "s": "2"}])
    message = r"scores.jsonl line 2 must be a good record, got the string \"2\" in column 's'"
    with pytest.raises(HardnessError, match=message):
        imported(data, source)


def test_a_file_that_changed_is_another_import(tmp_path: Path) -> None:
    data = data_file(tmp_path / "data.jsonl", ["a"])
    source = score_file(tmp_path / "scores.csv", [{"id": "a", "s": 1}])
    assert imported(data, source)["s"].to_list() == [1.0]
    assert hardness.score(data, metric="import", source=(str(source),), higher="harder").cached
    score_file(source, [{"id": "a", "s": 2}])
    with pytest.raises(HardnessError, match=r"from was .*, is .*; pass --overwrite"):
        imported(data, source)
    assert imported(data, source, overwrite=True)["s"].to_list() == [2.0]


def test_several_files_are_one(tmp_path: Path) -> None:
    data = data_file(tmp_path / "data.jsonl", ["a", "b"])
    for name in "ab":
        score_file(tmp_path / f"scores-{name}.csv", [{"id": name, "s": ord(name)}])
    frame = imported(data, tmp_path / "scores-*.csv")
    assert frame["s"].to_list() == [97.0, 98.0]


def test_a_part_that_is_missing_is_made_again(tmp_path: Path) -> None:
    names = [f"r{i}" for i in range(80)]
    data = data_file(tmp_path / "data.jsonl", names)
    source = score_file(tmp_path / "s.csv", [{"id": n, "s": i} for i, n in enumerate(names[5:])])
    given = {"metric": "import", "source": (str(source),), "higher": "easier"}
    info = hardness.score(data, partition_bytes=400, **given).info
    folder = Path(str(info.path))
    whole = {path.name: path.read_bytes() for path in folder.glob("part-*")}
    assert len(whole) > 3
    (folder / "metric.json").unlink()
    (folder / "part-00002.parquet").unlink()
    again = hardness.score(data, partition_bytes=400, **given)
    assert again.resumed
    assert again.info.content["notes"] == info.content["notes"]
    assert {path.name: path.read_bytes() for path in folder.glob("part-*")} == whole
