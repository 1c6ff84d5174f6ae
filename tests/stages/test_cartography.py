"""Cartography of recorded dynamics, whatever the format, the order and what runs it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hardness
from hardness import HardnessError
from hardness.io import dynamics_jsonl, dynamics_parquet
from hardness.io.dynamics import find_dynamics
from hardness.metrics.cartography import CARTOGRAPHY
from hardness.stages import dynamics_records
from tests.paths import local
from tests.stages.dynamics import (
    expected,
    gold_of,
    make_epochs,
    observations,
    write_data,
    write_jsonl,
    write_parquet,
)
from tests.stages.test_score import contents

N = 60
COLUMNS = [column.name for column in CARTOGRAPHY.columns]


def score(data: Path | None, dynamics: Path, output: str = "table", **options: Any) -> pl.DataFrame:
    place = dynamics.parent / output
    result = hardness.score(
        data, metric="cartography", dynamics=str(dynamics), output=place, **options
    )
    return result.table.frame("cartography").collect()


def assert_as_defined(
    frame: pl.DataFrame, epochs: list[dict[int, list[float]]], *, suggested: bool = True
) -> None:
    assert frame["row"].to_list() == list(range(len(frame)))
    for found in frame.select("row", *COLUMNS).to_dicts():
        wanted = dict.fromkeys(COLUMNS) | expected(found.pop("row"), epochs)
        if not suggested:
            wanted["suggested"] = None
        assert found == {
            name: pytest.approx(value, abs=1e-6) if isinstance(value, float) else value
            for name, value in wanted.items()
        }


@pytest.mark.parametrize("ids", ["int", "string", None], ids=["integers", "strings", "rows"])
def test_jsonl_gives_the_defined_numbers(tmp_path: Path, ids: str | None) -> None:
    epochs = make_epochs(N, missing=0.3)
    data = write_data(tmp_path / "data.jsonl", N, ids=ids)
    dynamics = write_jsonl(tmp_path / "run" / "training_dynamics", epochs, ids=ids)
    assert_as_defined(score(data, dynamics.parent), epochs)


@pytest.mark.parametrize(
    "extra", [{}, {"logits": True}, {"predicted": True}], ids=["plain", "logits", "predicted"]
)
def test_parquet_gives_the_defined_numbers(tmp_path: Path, extra: dict[str, bool]) -> None:
    epochs = make_epochs(N, missing=0.3)
    data = write_data(tmp_path / "data.jsonl", N)
    frame = score(data, write_parquet(tmp_path / "dynamics", epochs, **extra))
    if "logits" in extra:  # nobody said what its classes are called
        names = {str(number): name for number, name in enumerate(("no", "maybe", "yes"))}
        frame = frame.with_columns(pl.col("suggested").replace(names))
    assert_as_defined(frame, epochs, suggested=bool(extra))


@pytest.mark.parametrize("form", ["jsonl", "parquet", "predicted", "logits"])
def test_numbers_do_not_depend_on_what_runs_it(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs = make_epochs(200, missing=0.2)
    data = write_data(tmp_path / "data.jsonl", 200)
    if form == "jsonl":
        dynamics = write_jsonl(tmp_path / "dynamics", epochs)
    else:
        extra = {form: True} if form != "parquet" else {}
        dynamics = write_parquet(tmp_path / "dynamics", epochs, **extra)
    first = score(data, dynamics, threads=1)
    monkeypatch.setattr(dynamics_jsonl, "_PIECE_BYTES", 700)
    monkeypatch.setattr(dynamics_parquet, "_OBSERVATIONS_A_PIECE", 30)
    monkeypatch.setattr(dynamics_parquet, "_OBSERVATIONS_A_BATCH", 5)
    monkeypatch.setattr(dynamics_records, "_IDS_A_PREFIX", 20)
    size = data.stat().st_size
    for i, options in enumerate(({"threads": 1}, {"threads": 4}, {"memory": "1MB"})):
        other = score(data, dynamics, f"t{i}", partition_bytes=size // (3 + i), **options)
        assert other.equals(first), options


@pytest.mark.parametrize("piece", [1, 3, 50, 200])
def test_every_line_is_read_once_however_a_file_is_cut(
    tmp_path: Path, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs = make_epochs(9, epochs=1)
    data = write_data(tmp_path / "data.jsonl", 9)
    dynamics = write_jsonl(tmp_path / "dynamics", epochs)
    path = dynamics / "dynamics_epoch_0.jsonl"
    path.write_text("\n" + path.read_text().rstrip("\n"))
    monkeypatch.setattr(dynamics_jsonl, "_PIECE_BYTES", piece)
    assert_as_defined(score(data, dynamics), epochs)


def test_published_sample_gives_the_published_definitions(tmp_path: Path, real_data: Path) -> None:
    folder = real_data / "cartography_sample"
    logits: dict[int, list[list[float]]] = {}
    gold: dict[int, int] = {}
    for number in range(5):
        for line in (folder / f"dynamics_epoch_{number}.jsonl").read_text().splitlines():
            record = json.loads(line)
            logits.setdefault(record["guid"], []).append(record[f"logits_epoch_{number}"])
            gold[record["guid"]] = record["gold"]
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps({"id": guid, "text": "x"}) + "\n" for guid in logits))
    result = hardness.score(data, metric="cartography", dynamics=str(folder))
    for found in result.table.frame("cartography").collect().to_dicts():
        epochs = [np.exp(np.array(x)) for x in logits[found["id"]]]
        p = [x[gold[found["id"]]] / x.sum() for x in epochs]
        right = [x.argmax() == gold[found["id"]] for x in epochs]
        assert found["confidence"] == pytest.approx(np.mean(p), abs=1e-6)
        assert found["variability"] == pytest.approx(np.std(p), abs=1e-6)
        assert found["correctness"] == pytest.approx(sum(right) / len(right), abs=1e-6)
        assert found["threshold_closeness"] == pytest.approx(
            np.mean(p) * (1 - np.mean(p)), abs=1e-6
        )
    # Of the first line by hand: e^-0.4754, e^-0.2257, e^0.9408 are 0.6216, 0.7979 and 2.5622, so
    # p is 0.1561.
    assert np.exp(logits[4734364254410][0][0]) / np.exp(logits[4734364254410][0]).sum() == (
        pytest.approx(0.1561, abs=1e-4)
    )
    assert len(logits) == result.info.rows == 50  # no two files share a record


@pytest.mark.parametrize(
    "name", ["confidence", "variability", "correctness", "forgetting", "aum", "el2n"]
)
def test_a_column_is_a_metric_too(tmp_path: Path, name: str) -> None:
    epochs = make_epochs(N)
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_jsonl(tmp_path / "dynamics", epochs)
    whole = score(data, dynamics)
    result = hardness.score(data, metric=name, dynamics=str(dynamics), output=tmp_path / "table")
    frame = result.table.frame(name).collect()
    assert frame.equals(whole.select("row", "id", name))
    assert result.table.metrics == sorted(["cartography", name])


def test_epochs_choose_from_one_with_both_ends(tmp_path: Path) -> None:
    epochs = make_epochs(N)
    data = write_data(tmp_path / "data.jsonl", N)
    jsonl = write_jsonl(tmp_path / "jsonl", epochs)
    parquet = write_parquet(tmp_path / "parquet", epochs, predicted=True)
    for dynamics in (jsonl, parquet):
        frame = score(data, dynamics, dynamics.name + "-table", epochs="2..3")
        assert_as_defined(frame, epochs[1:3])
    with pytest.raises(HardnessError, match=r"epochs must be within 1..4.*got 3..5"):
        score(data, jsonl, "t", epochs="3..5")


@pytest.mark.parametrize("epochs", ["0..2", "3..2", "2-3", "a", ""])
def test_epochs_that_are_no_range_are_refused(tmp_path: Path, epochs: str) -> None:
    with pytest.raises(HardnessError, match=r"epochs must be A..B with 1 <= A <= B"):
        score(tmp_path / "data.jsonl", tmp_path, epochs=epochs)


def test_missing_records_are_counted(tmp_path: Path) -> None:
    epochs = make_epochs(N)
    for epoch in epochs:
        del epoch[5]
    del epochs[1][7]
    data = write_data(tmp_path / "data.jsonl", N)
    result = hardness.score(
        data, metric="cartography", dynamics=str(write_parquet(tmp_path / "d", epochs))
    )
    content = result.info.content
    assert content["observations"] == 4 * N - 5
    assert (content["partly_observed"], content["never_observed"]) == (1, 1)
    assert content["notes"] == [
        "235 observations in 4 epochs",
        "records missing in some of the epochs: 1, in all of them: 1",
    ]
    row = result.table.frame("cartography").collect().row(5, named=True)
    assert {name for name, value in row.items() if value is not None} == {"row", "id", "n_epochs"}


def test_null_observations_saw_nothing(tmp_path: Path) -> None:
    epochs = make_epochs(N)
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_parquet(tmp_path / "d", epochs)
    path = dynamics / "epoch-002" / "rank-1.parquet"
    table = pq.read_table(path)
    names = ["gold_logprob", "correct", "margin", "error_norm"]
    lost = table.column("row")[3].as_py()
    for name in names:
        values = table.column(name).to_pylist()
        values[3] = None
        kind = table.schema.field(name).type
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values, kind))
    pq.write_table(table, path)
    del epochs[1][lost]
    assert_as_defined(score(data, dynamics), epochs, suggested=False)


def test_shares_of_tokens_are_averaged(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", 2)
    for number, shares in enumerate(([0.5, 0.1], [0.25, 0.2], [1.0, 0.3])):
        folder = tmp_path / "d" / f"epoch-{number + 1:03d}"
        folder.mkdir(parents=True)
        ones = pa.array([-1.0, -1.0], pa.float32())
        columns = {"gold_logprob": ones, "correct": pa.array(shares, pa.float32())}
        columns |= {"margin": ones, "error_norm": pa.array([0.5, 0.5], pa.float32())}
        pq.write_table(pa.table({"row": [1, 0], **columns}), folder / "part-00000.parquet")
    frame = score(data, tmp_path / "d")
    assert frame["correctness"].to_list() == pytest.approx([0.2, 7 / 12])
    assert frame["forgetting"].to_list() == [None, 1]
    assert frame["never_learnt"].to_list() == [True, False]
    assert frame["aum"].to_list() == [-1, -1]


def test_bad_records_have_no_row(tmp_path: Path) -> None:
    epochs = make_epochs(N)
    data = write_data(tmp_path / "data.jsonl", N)
    lines = data.read_text().splitlines()
    data.write_text("\n".join([*lines[:3], "{", *lines[4:]]) + "\n")
    frame = score(data, write_parquet(tmp_path / "d", epochs), on_error="skip")
    assert frame["row"].to_list() == [row for row in range(N) if row != 3]
    assert frame["confidence"][3] == pytest.approx(expected(4, epochs)["confidence"], abs=1e-6)


def test_resumed_run_writes_the_missing_parts_alone(tmp_path: Path) -> None:
    epochs = make_epochs(200)
    data = write_data(tmp_path / "data.jsonl", 200)
    dynamics = write_jsonl(tmp_path / "d", epochs)
    score(data, dynamics, partition_bytes=2000)
    folder = tmp_path / "table" / "cartography"
    whole = contents(folder)
    (folder / "metric.json").unlink()
    (folder / "part-00001.parquet").unlink()
    kept = (folder / "part-00000.parquet").stat().st_mtime_ns
    score(data, dynamics, partition_bytes=2000)
    assert contents(folder) == whole
    assert (folder / "part-00000.parquet").stat().st_mtime_ns == kept


def test_other_dynamics_are_another_result(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_jsonl(tmp_path / "d", make_epochs(N))
    score(data, dynamics)
    copy = shutil.copytree(dynamics, tmp_path / "moved")
    assert hardness.score(
        data, metric="cartography", dynamics=str(copy), output=tmp_path / "table"
    ).cached
    write_jsonl(dynamics, make_epochs(N, seed=1))
    with pytest.raises(HardnessError, match=r"must be of the same options.*dynamics was"):
        score(data, dynamics)


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def jsonl_case(name: str, lines: list[str]) -> list[str]:
    record = json.loads(lines[1])
    logits = record["logits_epoch_1"]
    changes: dict[str, Any] = {
        "twice": lines[1],
        "unknown": json.dumps(record | {"guid": 12}),
        "gold": json.dumps(record | {"gold": (record["gold"] + 1) % 3}),
        "classes": json.dumps(record | {"logits_epoch_1": [*logits, 0.5], "gold": 0}),
        "no gold": json.dumps({k: v for k, v in record.items() if k != "gold"}),
        "gold out": json.dumps(record | {"gold": 3}),
        "nan": json.dumps(record | {"logits_epoch_1": [1.0, float("nan"), 0.0]}),
        "null": json.dumps(record | {"logits_epoch_1": [1.0, None, 0.0]}),
        "float guid": json.dumps(record | {"guid": 1.5}),
        "broken": lines[1][:20],
    }
    keep = lines if name == "twice" else [*lines[:1], *lines[2:]]
    return [*keep, changes[name]]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            "twice",
            r"epoch_1.jsonl must have each record once an epoch, got row \d+ \(id \d+\) twice",
        ),
        ("unknown", r"epoch_1.jsonl line 60 must have the id of a record as guid, got '12'"),
        ("gold", r"epoch_1.jsonl must have the gold class of the epochs before, got \d instead of"),
        ("classes", r"epoch_1.jsonl line 60 must be .* got 4 logits after lines of 3"),
        ("no gold", r"epoch_1.jsonl line 60 must be .* got no gold"),
        ("gold out", r"epoch_1.jsonl line 60 must be .* got the gold class 3 with 3 logits"),
        ("nan", r"epoch_1.jsonl line 60 must be .* got something else"),
        ("null", r"epoch_1.jsonl line 60 must be .* not a list of numbers"),
        ("float guid", r"epoch_1.jsonl line 60 must be .* the guid 1.5, neither"),
        ("broken", r"epoch_1.jsonl line 60 must be an object of guid, logits_epoch_1 and gold"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, case: str, message: str) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_jsonl(tmp_path / "d", make_epochs(N))
    path = dynamics / "dynamics_epoch_1.jsonl"
    path.write_text("\n".join(jsonl_case(case, path.read_text().splitlines())) + "\n")
    with pytest.raises(HardnessError, match=message):
        score(data, dynamics)
    assert not (tmp_path / "table" / "cartography" / "metric.json").exists()


def test_other_numbers_of_classes_in_other_files_are_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_jsonl(tmp_path / "d", make_epochs(N))
    path = dynamics / "dynamics_epoch_2.jsonl"
    path.write_text(path.read_text().replace("], ", ", 0.5], "))
    with pytest.raises(HardnessError, match=r"epoch_2.jsonl must have 3 logits .* got 4"):
        score(data, dynamics)


def test_ids_that_are_not_unique_are_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N, ids="string")
    edited(data, '"id-7"', '"id-8"')
    dynamics = write_jsonl(tmp_path / "d", make_epochs(N), ids="string")
    with pytest.raises(HardnessError, match=r"id must be different .* rows 7 and 8 of column 'id'"):
        score(data, dynamics)


def test_guids_that_are_no_rows_need_ids(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N, ids=None)
    dynamics = write_jsonl(tmp_path / "d", make_epochs(N), ids="string")
    with pytest.raises(HardnessError, match=r"line 1 must have a row of the data as guid.*--id"):
        score(data, dynamics)


def parquet_case(name: str, table: pa.Table) -> pa.Table:
    rows = table.column("row").to_pylist()
    if name == "twice":
        return pa.concat_tables([table, table.slice(2, 1)])
    if name == "beyond":
        return table.set_column(0, "row", pa.array([*rows[:-1], N], pa.uint64()))
    if name == "negative":
        return table.set_column(0, "row", pa.array([*rows[:-1], -1], pa.int64()))
    if name == "strings":
        texts = pa.array(["x"] * len(rows))
        return table.set_column(table.schema.get_field_index("margin"), "margin", texts)
    if name in ("gold_logprob", "error_norm", "correct"):
        index = table.schema.get_field_index(name)
        wrong = {"gold_logprob": 0.5, "error_norm": -0.1, "correct": 2.0}[name]
        values = [wrong, *map(float, table.column(name).to_pylist()[1:])]
        return table.set_column(index, name, pa.array(values, pa.float32()))
    if name == "lacking":
        return table.drop_columns(["margin"])
    values = table.column("margin").to_pylist()
    values[4] = float("nan") if name == "nan" else None
    index = table.schema.get_field_index("margin")
    return table.set_column(index, "margin", pa.array(values, pa.float32()))


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            "twice",
            r"rank-1.parquet must have each record once an epoch, got row \d+ \(id \d+\) twi",
        ),
        ("beyond", r"rank-1.parquet must have rows of the data, which are below 60, got row 60"),
        ("negative", r"rank-1.parquet must have rows from 0"),
        ("lacking", r"rank-1.parquet must have the columns .*, got none called margin"),
        ("strings", r"rank-1.parquet must have numbers as margin, got string"),
        ("nan", r"rank-1.parquet must have a number or null as margin, got NaN in row \d+"),
        (
            "gold_logprob",
            r"rank-1.parquet must have gold_logprob from -inf to 0, got 0.5 in row \d+; record",
        ),
        (
            "error_norm",
            r"rank-1.parquet must have error_norm from 0, got -0.1 in row \d+; record",
        ),
        ("correct", r"rank-1.parquet must have correct from 0 to 1, got 2 in row \d+; record"),
        ("null", r"rank-1.parquet must have a margin where it has a gold_logprob, got null in row"),
    ],
)
def test_bad_observations_are_named(tmp_path: Path, case: str, message: str) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_parquet(tmp_path / "d", make_epochs(N))
    path = dynamics / "epoch-002" / "rank-1.parquet"
    pq.write_table(parquet_case(case, pq.read_table(path)), path)
    with pytest.raises(HardnessError, match=message):
        score(data, dynamics)


def test_rounding_beyond_a_range_is_brought_back(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_parquet(tmp_path / "d", make_epochs(N)[:1])
    for path in dynamics.glob("*/*.parquet"):
        table = pq.read_table(path)
        index = table.schema.get_field_index("gold_logprob")
        above = pa.array([1e-6] * len(table), pa.float32())
        pq.write_table(table.set_column(index, "gold_logprob", above), path)
    frame = score(data, dynamics)
    assert frame["confidence"].drop_nulls().unique().to_list() == [1.0]
    assert frame["mean_loss"].drop_nulls().unique().to_list() == [0.0]


def test_dynamics_that_observe_nothing_are_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_parquet(tmp_path / "d", make_epochs(N)[:1])
    for path in dynamics.glob("*/*.parquet"):
        pq.write_table(pq.read_table(path).slice(0, 0), path)
    with pytest.raises(HardnessError, match=r"dynamics must be of the data.*observes none of its"):
        score(data, dynamics)


def test_the_same_row_in_files_of_two_ranks_is_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    epochs = make_epochs(N)
    dynamics = write_parquet(tmp_path / "d", epochs)
    pq.write_table(observations(np.array([9]), epochs[0]), dynamics / "epoch-001" / "x.parquet")
    with pytest.raises(HardnessError, match=r"x.parquet must have each record once.*got row 9"):
        score(data, dynamics)


def test_dynamics_or_a_proxy_is_needed(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", 3)
    with pytest.raises(HardnessError, match=r"dynamics or proxy must be given, got neither"):
        hardness.score(data, metric="cartography")
    with pytest.raises(HardnessError, match=r"got both"):
        hardness.score(data, metric="aum", dynamics="d", proxy="linear")
    with pytest.raises(HardnessError, match=r"folds must be left out with dynamics, got 3"):
        hardness.score(data, metric="aum", dynamics="d", folds=3)


def test_epochs_that_were_left_out_are_told(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_parquet(tmp_path / "d", make_epochs(N)[:3])
    (dynamics / "epoch-002").rename(tmp_path / "elsewhere")
    message = r"epochs must be among 1, 3, those recorded, got 2..2; choose among them"
    with pytest.raises(HardnessError, match=message):
        score(data, dynamics, epochs="2")


def test_epochs_and_folds_of_a_proxy_are_checked_before_it_is_trained(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    proxy: dict[str, Any] = {"metric": "aum", "proxy": "linear", "label": "label"}
    with pytest.raises(HardnessError, match=r"epochs must be within 1..5, those of the proxy, got"):
        hardness.score(data, epochs="2..9", **proxy)
    with pytest.raises(HardnessError, match=r"folds must be at most the number of records, 60, go"):
        hardness.score(data, folds=1_000_000, **proxy)


@pytest.mark.parametrize("kind", ["missing", "empty", "run"])
def test_a_folder_without_dynamics_is_refused(tmp_path: Path, kind: str) -> None:
    data = write_data(tmp_path / "data.jsonl", 3)
    folder = tmp_path / "d"
    if kind != "missing":
        folder.mkdir()
    if kind == "run":
        (folder / "config.json").write_text("{}")
    said = {"missing": "not there", "empty": "without any", "run": "recorded none"}[kind]
    with pytest.raises(HardnessError, match=rf"dynamics must be a run of .*{said}"):
        score(data, folder)


def test_data_must_be_named_where_nothing_tells_it(tmp_path: Path) -> None:
    dynamics = write_jsonl(tmp_path / "d", make_epochs(3))
    with pytest.raises(HardnessError, match=r"data must be named.*got none; give the files"):
        score(None, dynamics)
    with pytest.raises(HardnessError, match=r"data must be named for perplexity"):
        hardness.score()


def test_labels_name_classes_only_where_each_has_its_own(tmp_path: Path) -> None:
    epochs = make_epochs(N)
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_jsonl(tmp_path / "d", epochs)
    lines = [json.loads(line) for line in data.read_text().splitlines()]
    lines[0]["label"] = "yes" if gold_of(0) != 2 else "no"
    data.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert set(score(data, dynamics)["suggested"].unique()) == {"0", "1", "2"}


def test_table_of_no_labels_suggests_numbers(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps({"text": f"r {i}"}) + "\n" for i in range(N)))
    frame = score(data, write_jsonl(tmp_path / "d", make_epochs(N), ids=None))
    assert set(frame["suggested"].unique()) == {"0", "1", "2"}
    assert not (local(tmp_path) / "table" / "cartography" / "work").exists()


def test_proxy_records_what_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs = make_epochs(N)
    asked: list[Any] = []

    def record(task: Any, config: Any) -> tuple[Path, dict[str, int]]:
        asked.append((task.dataset.rows, config.proxy, config.folds))
        return write_parquet(tmp_path / "recorded", epochs, predicted=True), {"no": 1, "yes": 2}

    stub: Any = ModuleType("proxy")
    stub.record = record
    decided = {"proxy": "linear", "proxy_epochs": 4, "folds": 3}
    stub.proxy_parameters = lambda config, columns: decided
    stub.proxy_bytes = lambda config, dataset: (0, 0)
    monkeypatch.setitem(sys.modules, "hardness.stages.proxy", stub)
    data = write_data(tmp_path / "data.jsonl", N)
    result = hardness.score(data, metric="cartography", proxy="linear", folds=3, epochs="2..4")
    assert asked == [(N, "linear", 3)]
    assert result.info.parameters == decided | {"epochs": "2..4"}
    assert_as_defined(result.table.frame("cartography").collect(), epochs[1:])
    assert result.info.content["classes"] == 2


def test_dynamics_that_change_meanwhile_are_refused(tmp_path: Path) -> None:
    dynamics = write_jsonl(tmp_path / "d", make_epochs(3))
    found = find_dynamics(dynamics)
    found.check_unchanged()
    path = dynamics / "dynamics_epoch_1.jsonl"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(HardnessError, match=r"must not change.*got .*epoch_1.jsonl changed"):
        found.check_unchanged()


def test_epochs_that_someone_counted_from_one_keep_their_numbers(tmp_path: Path) -> None:
    epochs = make_epochs(N)
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_jsonl(tmp_path / "d", epochs)
    (dynamics / "dynamics_epoch_0.jsonl").unlink()
    assert find_dynamics(dynamics).epochs == [1, 2, 3]
    assert_as_defined(score(data, dynamics), epochs[1:])
