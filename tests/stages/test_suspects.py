"""Ranking likely wrong labels, with texts and labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import hardness
from hardness import HardnessError
from hardness.demo.sample import write_sample
from hardness.io.dataset import open_dataset
from hardness.metrics.suspicion import suspicion
from hardness.stages import suspect_records
from hardness.stages import suspects as module
from tests.paths import local
from tests.stages.dynamics import (
    LABELS,
    expected,
    gold_of,
    make_epochs,
    write_data,
    write_jsonl,
)

N = 60


@pytest.fixture
def epochs() -> list[dict[int, list[float]]]:
    found = make_epochs(N)
    for epoch in found:
        del epoch[4]  # never observed
    return found


@pytest.fixture
def table(tmp_path: Path, epochs: list[dict[int, list[float]]]) -> Path:
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = write_jsonl(tmp_path / "dynamics", epochs)
    result = hardness.score(data, metric="cartography", dynamics=str(dynamics))
    return local(result.table.path)


def ranked(epochs: list[dict[int, list[float]]]) -> list[int]:
    """Rows, the most suspicious first, by the definition."""
    maps = {row: expected(row, epochs) for row in range(N) if row != 4}

    def rank(row: int, name: str) -> int:
        return sum(other[name] < maps[row][name] for other in maps.values())

    return sorted(maps, key=lambda row: (rank(row, "confidence") + rank(row, "aum"), row))


def test_low_confidence_and_margin_come_first(
    table: Path, epochs: list[dict[int, list[float]]]
) -> None:
    found = hardness.suspects(table, top=3)
    assert found.by == ("cartography.confidence", "cartography.aum")
    assert found.rows.tolist() == ranked(epochs)
    assert found.nulls == 1
    assert list(found.suspicion) == sorted(found.suspicion, reverse=True)
    for suspect, row in zip(found.top, ranked(epochs)[:3], strict=True):
        wanted = expected(row, epochs)
        assert suspect.row == row
        assert suspect.text == f"record {row}"
        assert suspect.given == LABELS[gold_of(row)]
        assert suspect.suggested == wanted["suggested"]
        assert suspect.scores == pytest.approx(
            {"confidence": wanted["confidence"], "aum": wanted["aum"]}, abs=1e-6
        )


def test_disagreement_is_counted(table: Path, epochs: list[dict[int, list[float]]]) -> None:
    wrong = [r for r in ranked(epochs) if expected(r, epochs)["suggested"] != LABELS[gold_of(r)]]
    assert hardness.suspects(table).disagreeing == len(wrong) > 0


def test_equals_come_in_order_of_row(tmp_path: Path) -> None:
    epochs = [{row: [1.0, 1.0, 1.0] for row in range(9)}]
    data = write_data(tmp_path / "data.jsonl", 9)
    dynamics = write_jsonl(tmp_path / "d", epochs)
    result = hardness.score(data, metric="cartography", dynamics=str(dynamics))
    assert hardness.suspects(result.table.path).rows.tolist() == list(range(9))


@pytest.mark.parametrize("by", [None, "cartography.mean_loss, cartography.correctness"])
def test_first_of_them_are_those_of_the_whole_ranking(
    table: Path, by: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = hardness.suspects(table, by=by, top=7, output=tmp_path / "all.csv")
    monkeypatch.delattr(module, "_all")  # which holds every record
    first = hardness.suspects(table, by=by, top=7)
    assert first.top == whole.top
    assert [s.suspicion for s in first.top] == pl.read_csv(tmp_path / "all.csv")["suspicion"][
        :7
    ].to_list()
    assert (first.count, first.nulls, first.disagreeing) == (59, 1, whole.disagreeing)
    assert hardness.suspects(table, by=by, top=0).count == 59


def test_the_whole_ranking_is_the_one_of_the_file(table: Path, tmp_path: Path) -> None:
    hardness.suspects(table, top=0, output=tmp_path / "all.parquet")
    written = pl.read_parquet(tmp_path / "all.parquet")
    found = hardness.suspects(table, top=3)
    assert found.rows.tolist() == written["row"].to_list()
    assert found.suspicion.tolist() == written["suspicion"].to_list()
    assert [suspect.row for suspect in found.top] == found.rows[:3].tolist()


def test_scores_of_metrics_that_are_cut_differently_are_joined(
    tmp_path: Path, epochs: list[dict[int, list[float]]]
) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = str(write_jsonl(tmp_path / "dynamics", epochs))
    hardness.score(data, metric="ngram-pvi", order=1, partition_bytes=700)
    result = hardness.score(data, metric="cartography", dynamics=dynamics, partition_bytes=1100)
    by = "ngram-pvi, cartography.confidence"
    table = result.table
    frame = table.column("ngram-pvi").join(table.column("cartography.confidence"), on="row")
    frame = frame.collect().drop_nulls()
    score = suspicion(
        [frame["value"].to_numpy(), frame["value_right"].to_numpy()], ["lower", "lower"]
    )
    order = np.argsort(-score, kind="stable")
    found = hardness.suspects(table.path, by=by, top=N)
    assert [suspect.row for suspect in found.top] == frame["row"].to_numpy()[order].tolist()
    assert found.rows.tolist() == frame["row"].to_numpy()[order].tolist()


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("memory", ["4GB", "1MB"])
def test_file_holds_all_of_them(
    table: Path,
    tmp_path: Path,
    epochs: list[dict[int, list[float]]],
    ending: str,
    memory: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As if a record were so long that a thousand do not fit.
    monkeypatch.setattr(suspect_records, "_EXPANSION", 1e9 if memory == "1MB" else 8)
    monkeypatch.setattr(suspect_records, "_FEWEST", 7)
    path = tmp_path / f"all.{ending}"
    hardness.suspects(table, top=0, output=path, memory=memory)
    read: Any = {"jsonl": pl.read_ndjson, "csv": pl.read_csv, "parquet": pl.read_parquet}[ending]
    frame = read(path)
    assert frame.columns == [
        "rank", "row", "id", "suspicion", "confidence", "aum", "given", "suggested", "text",
    ]  # fmt: skip
    assert frame["row"].to_list() == ranked(epochs)
    assert frame["rank"].to_list() == list(range(1, N))
    assert frame["text"].to_list() == [f"record {row}" for row in ranked(epochs)]
    assert frame["id"].to_list() == [2**53 + 1 + row for row in ranked(epochs)]


def test_columns_are_chosen_with_by(table: Path, epochs: list[dict[int, list[float]]]) -> None:
    found = hardness.suspects(table, by="cartography.mean_loss, cartography", top=1)
    assert found.by == ("cartography.mean_loss", "cartography.confidence")
    assert list(found.top[0].scores) == ["mean_loss", "confidence"]
    with pytest.raises(HardnessError, match=r"column must be one of .*got 'cartography.x'"):
        hardness.suspects(table, by="cartography.x")
    with pytest.raises(HardnessError, match=r"got 'suggested', which has no direction"):
        hardness.suspects(table, by="cartography.suggested")


def test_metrics_of_one_column_serve_too(
    tmp_path: Path, epochs: list[dict[int, list[float]]]
) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    dynamics = str(write_jsonl(tmp_path / "dynamics", epochs))
    for metric in ("confidence", "aum"):
        result = hardness.score(data, metric=metric, dynamics=dynamics)
        found = hardness.suspects(result.table.path)
        assert found.disagreeing is None
    assert found.rows.tolist() == ranked(epochs)


def test_ngram_pvi_serves_where_there_is_no_map(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    result = hardness.score(data, metric="ngram-pvi", order=1)
    found = hardness.suspects(result.table.path, top=1)
    assert found.by == ("ngram-pvi.pvi",)
    assert not found.in_sample
    assert found.top[0].suggested in LABELS


@pytest.mark.parametrize(
    ("parameters", "in_sample"),
    [
        ({"dynamics": "d"}, True),
        ({"proxy": "linear", "folds": 5}, False),
        ({"proxy": "linear", "folds": 1}, True),
        ({"holdout": "record"}, False),
        ({"holdout": "none"}, True),
    ],
    ids=["dynamics", "folds", "one fold", "held out", "not held out"],
)
def test_scores_of_trained_labels_are_told(
    table: Path, parameters: dict[str, Any], in_sample: bool
) -> None:
    path = table / "cartography" / "metric.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"parameters": parameters}))
    assert hardness.suspects(table).in_sample == in_sample


def test_tables_without_such_scores_are_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", N)
    result = hardness.score(data)
    with pytest.raises(HardnessError, match=r"must hold cartography.*got perplexity; score"):
        hardness.suspects(result.table.path)


def test_data_without_labels_are_refused(
    tmp_path: Path, epochs: list[dict[int, list[float]]]
) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps({"text": f"r {i}"}) + "\n" for i in range(N)))
    dynamics = write_jsonl(tmp_path / "d", epochs, ids=None)
    result = hardness.score(data, metric="cartography", dynamics=str(dynamics))
    with pytest.raises(HardnessError, match=r"label must be a column of the data"):
        hardness.suspects(result.table.path)


def test_output_of_another_ending_is_refused(table: Path, tmp_path: Path) -> None:
    with pytest.raises(HardnessError, match=r"output must end in .jsonl.*got 'x.txt'"):
        hardness.suspects(table, output=tmp_path / "x.txt")
    assert not (tmp_path / "x.txt").exists()


@pytest.mark.parametrize("way", ["itself", "relative", "link"])
def test_data_are_not_written_over(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    data = tmp_path / "data.jsonl"
    before = data.read_bytes()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.jsonl").symlink_to(data)
    output = {"itself": data, "relative": Path("data.jsonl"), "link": Path("link.jsonl")}[way]
    if way == "link":  # the link gives way, what it leads to does not
        hardness.suspects(table, output=output)
    else:
        with pytest.raises(HardnessError, match=r"output must be another file than the data, got"):
            hardness.suspects(table, output=output)
    assert data.read_bytes() == before


def test_flipped_labels_are_found_in_the_generated_sample(tmp_path: Path) -> None:
    path, _ = write_sample(tmp_path)
    result = hardness.score(path, metric="cartography", label="label", proxy="linear")
    found = hardness.suspects(result.table.path, top=0, output=tmp_path / "all.parquet")
    assert not found.in_sample
    truth = pl.read_ndjson(path).with_row_index("row").cast({"row": pl.UInt64})
    ranked = pl.read_parquet(tmp_path / "all.parquet").join(truth, on="row", maintain_order="left")
    flipped = ranked["flipped"].to_numpy()
    # The share of pairs in which the flipped record comes before the other.
    others_before = np.cumsum(~flipped)[flipped]
    n, total = int(flipped.sum()), len(flipped)
    assert (n, total) == (360, 3600)
    assert 1 - others_before.sum() / (n * (total - n)) >= 0.95
    by_confidence = ranked.sort("confidence")["flipped"].to_numpy()
    assert 1 - np.cumsum(~by_confidence)[by_confidence].sum() / (n * (total - n)) >= 0.95
    mended = (ranked["suggested"] == ranked["true_label"]).to_numpy()[flipped]
    assert mended.mean() >= 0.8


def test_partition_without_a_good_record_is_passed_over(tmp_path: Path) -> None:
    good = ['{"text": "a", "label": "x"}'] * 3
    lines = [*good, *["{" + " " * 40] * 3, *good]
    (tmp_path / "data.jsonl").write_text("\n".join(lines), encoding="utf-8")
    rows = pl.Series("row", [0, 1, 2, 6, 7, 8], pl.UInt64)
    part = pl.DataFrame({"row": rows, "suggested": [*"xyxyxx"]})
    options: dict[str, Any] = {"label": "label", "on_error": "skip", "partition_bytes": 40}
    with open_dataset(tmp_path / "data.jsonl", **options) as dataset:
        assert any(not dataset.read(p, ["label"]).rows.size for p in dataset.partitions)
        assert suspect_records.count_disagreeing(dataset, "label", lambda: iter([part])) == 2
