"""Metrics made of others: their values, where they are written, and what cannot be combined."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import hardness
from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from hardness.io.table import create_table
from hardness.normalize import to_hardness
from hardness.stages import combine as stage


def make_data(path: Path, count: int = 6) -> Path:
    path.write_text("".join(f'{{"id": "r{i}", "text": "a {i}"}}\n' for i in range(count)))
    return path


def add(
    data: Path,
    table: Path,
    metric: str,
    columns: dict[str, list[Any]],
    *,
    directions: dict[str, str] | None = None,
    rows: list[int] | None = None,
    parameters: dict[str, Any] | None = None,
) -> Path:
    """Write a metric into the data's table."""
    with open_dataset(data) as dataset:
        arrays = {name: pl.Series(values).to_arrow() for name, values in columns.items()}
        writer = create_table(table, dataset).metric_writer(
            metric,
            parameters=parameters or {},
            direction=directions or {next(iter(columns)): "higher"},
            columns={name: array.type for name, array in arrays.items()},
            dataset=dataset,
            replace=True,
        )
        writer.begin()
        chosen = list(range(dataset.rows)) if rows is None else rows
        ids = pl.Series([f"r{row}" for row in chosen]).to_arrow()
        writer.write(0, np.array(chosen, dtype=np.uint64), arrays, ids=ids)
        writer.finish(seconds=0.0, extra={"rejects": 0, "tokens": None})
    return table


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "data.jsonl")


@pytest.fixture
def base(data: Path) -> Path:
    columns = {"nll": [3.0, 2.0, None, 5.0, 1.0, 4.0], "n": [1, 2, 3, 4, 5, 0]}
    return add(data, data.with_name("base.hardness"), "lm", columns)


@pytest.fixture
def tuned(data: Path) -> Path:
    columns = {"nll": [1.0, 2.0, 1.0, None, 4.0], "predicted": list("abcde")}
    return add(data, data.with_name("tuned.hardness"), "lm", columns, rows=[0, 1, 2, 3, 4])


def values(result: stage.CombineResult) -> list[float | None]:
    return result.table.frame(result.info.name).collect()[result.info.name].to_list()


def test_difference_of_two_tables_is_null_where_either_is(base: Path, tuned: Path) -> None:
    result = hardness.combine(
        {"base": base, "tuned": tuned}, name="gain", expr="base.lm - tuned.lm", harder="lower"
    )
    assert values(result) == [2, 0, None, None, -3, None]
    assert result.table.path == base
    assert result.info.directions == {"gain": "lower"}
    frame = result.table.frame("gain").collect()
    assert frame["row"].to_list() == [0, 1, 2, 3, 4, 5]
    assert frame["id"].to_list() == [f"r{i}" for i in range(6)]
    assert result.undefined == 0
    shards = base.with_name("shards")
    hardness.build(base, by="gain", order="ascending", nulls="drop", output=shards)


def test_formulas_are_known_by_name(base: Path, tuned: Path) -> None:
    result = hardness.combine([f"base={base}", f"tuned={tuned}"], name="learnability")
    assert values(result) == [2, 0, None, None, -3, None]
    assert result.info.parameters["expr"] == "base.lm - tuned.lm"
    assert result.info.direction == "lower"
    with pytest.raises(
        HardnessError, match="formula must be one of conditional, ifd, learnability"
    ):
        hardness.combine(base, name="mixed")


def test_mixture_in_one_table_follows_the_directions(data: Path, base: Path) -> None:
    scores = {"p": [0.9, 0.1, 0.5, 0.4, 0.2, 0.3]}
    add(data, base, "ngram-pvi", {"p": scores["p"]}, directions={"p": "lower"})
    result = hardness.combine(base, name="mixed", expr="0.5*rank(lm) + 0.5 * rank(ngram-pvi)")
    lm = to_hardness(np.array([3.0, 2, 5, 1, 4]), direction="higher", method="rank")
    known = np.insert(lm, 2, np.nan)
    pvi = to_hardness(np.array(scores["p"]), direction="lower", method="rank")
    expected = 0.5 * known + 0.5 * pvi
    assert values(result) == [None if np.isnan(e) else pytest.approx(e) for e in expected]
    assert result.info.direction == "higher"
    quoted = hardness.combine(base, name="other", expr="rank(`ngram-pvi`.p) / lm.n", harder="lower")
    assert values(quoted)[-1] is None
    assert quoted.undefined == 1
    content = json.loads((base / "other" / "metric.json").read_text())
    assert content["undefined"] == 1


def test_another_output_is_a_table_of_the_same_data(base: Path, tuned: Path) -> None:
    output = base.parent / "deeper" / "mixed.hardness"
    hardness.combine(
        {"b": base, "t": tuned},
        name="sum",
        expr="b.lm + t.lm + b.lm.n",
        output=output,
        harder="higher",
    )
    table = hardness.open_table(output)
    assert table.metrics == ["sum"]
    with table.dataset() as dataset:
        assert dataset.rows == 6
    hardness.combine({"b": base}, name="twice", expr="2 * b.lm", output=output)
    assert hardness.open_table(output).metrics == ["sum", "twice"]


def test_same_call_finds_the_result_unless_a_column_changed(data: Path, base: Path) -> None:
    first = hardness.combine(base, name="twice", expr="2 * lm")
    assert not first.cached
    assert hardness.combine(base, name="twice", expr="2 * lm").cached
    with pytest.raises(HardnessError, match=r"expr was 2 \* lm, is 3 \* lm.*--overwrite"):
        hardness.combine(base, name="twice", expr="3 * lm")
    add(data, base, "lm", {"nll": [1.0] * 6}, parameters={"model": "another"})
    with pytest.raises(HardnessError, match="twice must be of the same options"):
        hardness.combine(base, name="twice", expr="2 * lm")
    again = hardness.combine(base, name="twice", expr="2 * lm", overwrite=True)
    assert values(again) == [2.0] * 6


def test_parts_do_not_change_values(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = hardness.combine(base, name="a", expr="zscore(lm)")
    monkeypatch.setattr(stage, "PART_ROWS", 4)
    parts = hardness.combine(base, name="b", expr="zscore(lm)")
    assert len(parts.info.parts()) == 2
    assert values(parts) == values(whole)


def test_ids_come_from_whichever_metric_has_the_record(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "PART_ROWS", 2)
    table = add(data, data.with_name("t.hardness"), "low", {"x": [1.0, 2.0]}, rows=[0, 1])
    add(data, table, "high", {"x": [3.0, 4.0]}, rows=[1, 5])
    made = hardness.combine(table, name="either", expr="coalesce(low, high)")  # none in 2 and 3
    assert made.table.frame("either").collect().to_dict(as_series=False) == {
        "row": [0, 1, 5],
        "id": ["r0", "r1", "r5"],
        "either": [1.0, 2.0, 4.0],
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expr": "base.lm - lm"}, r"one of base, tuned, got 'lm'; write table\.metric"),
        ({"expr": "base - tuned.lm"}, r"got the table 'base'; write base\.METRIC.*base\.lm"),
        ({"expr": "base.pvi"}, "metric must be one of lm in .*base.hardness, got 'pvi'"),
        ({"expr": "base.lm.x"}, r"column must be one of lm\.nll, lm\.n, got 'lm\.x'"),
        ({"expr": "tuned.lm.predicted * 2"}, r"tuned\.lm\.predicted must be a column of num"),
        ({"expr": "base.lm - tuned.lm"}, "harder must be one of higher, lower for 'base.lm - t"),
        ({"expr": "base.lm", "harder": "more"}, "harder must be one of higher, .* got 'more'"),
        ({"expr": "base.lm -"}, "expr must be arithmetic over columns"),
        ({"expr": "2 * base.lm", "name": "lm"}, "name must be another than that of what is comb"),
        ({"expr": "2 * base.lm", "name": "a/b"}, "metric name must be letters"),
    ],
)
def test_what_cannot_be_combined_is_said(
    base: Path, tuned: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(HardnessError, match=message):
        hardness.combine({"base": base, "tuned": tuned}, **{"name": "new", **options})
    assert hardness.open_table(base).metrics == ["lm"]


def test_names_of_other_metrics_are_refused(base: Path) -> None:
    with pytest.raises(HardnessError, match="name must not be that of a metric, got 'perplexity'"):
        hardness.combine(base, name="perplexity", expr="2 * lm", overwrite=True)


def test_names_that_no_folder_can_have_are_refused(base: Path) -> None:
    with pytest.raises(HardnessError, match="metric name must have at most 100 characters, got 30"):
        hardness.combine(base, name="x" * 300, expr="2 * lm")


def test_tables_must_be_of_the_same_data(tmp_path: Path, base: Path) -> None:
    data = make_data(tmp_path / "other.jsonl", 5)
    other = add(data, tmp_path / "other.hardness", "lm", {"nll": [1.0] * 5})
    with pytest.raises(
        HardnessError, match=r"tables must be of the same data, got .*other\.hardness"
    ):
        hardness.combine({"a": base, "b": other}, name="new", expr="a.lm")
    with pytest.raises(HardnessError, match="output must be a table of the same data"):
        hardness.combine(base, name="new", expr="2 * lm", output=other)
    with pytest.raises(HardnessError, match="output must be a hardness table or a new folder"):
        hardness.combine(base, name="new", expr="2 * lm", output=tmp_path)
    with pytest.raises(HardnessError, match="tables must each have a name"):
        hardness.combine([str(base), f"b={base}"], name="new", expr="b.lm")
    with pytest.raises(HardnessError, match="tables must have a name each, got 'b' twice"):
        hardness.combine([f"b={base}", f"b={base}"], name="new", expr="b.lm")
    with pytest.raises(HardnessError, match=r"table must be a folder with dataset\.json"):
        hardness.combine(tmp_path / "none", name="new", expr="lm")
