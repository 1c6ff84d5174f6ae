"""What the figures count, against counting by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from hardness.curriculum.manifest import Manifest
from hardness.curriculum.shards import Shards, open_shards
from hardness.curriculum.write import write_shards
from hardness.io.dataset import open_dataset
from hardness.io.records import Columns
from hardness.io.table import HardnessTable, create_table
from hardness.reporting.correlation import correlation, joint_scores, score_columns, spearman
from hardness.reporting.curriculum import LEVELS, STEPS, curriculum, preview
from hardness.reporting.data_map import ACROSS, UP, count_map, data_map
from hardness.reporting.figure import Figure, number, rows_of
from hardness.reporting.histograms import BINS, choose_bins, histograms
from hardness.reporting.weight_surface import surfaces
from tests.reporting.scored import (
    make_table,
    map_columns,
    perplexities,
    plain_texts,
    write_data,
    write_metric,
)

COUNT = 500


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> HardnessTable:
    return make_table(tmp_path_factory.mktemp("t"), plain_texts(COUNT), partition_bytes=2_000)


def quantiles(*values: float | None) -> dict[str, float | None]:
    return dict(zip(("0", "0.05", "0.5", "0.95", "1"), values, strict=True))


@pytest.mark.parametrize(
    ("values", "whole", "low", "high", "count", "log"),
    [
        pytest.param((0.0, 0.1, 0.5, 0.9, 1.0), False, 0.0, 1.0, BINS, False, id="plain"),
        pytest.param((0, 0, 1, 3, 5), True, -0.5, 5.5, 6, False, id="a bar a number"),
        pytest.param((0, 1, 50, 90, 100), True, -0.5, 101.5, 34, False, id="three numbers a bar"),
        pytest.param((5.0, 9.0, 17.0, 50.0, 1395.0), False, 5, 1395, BINS, True, id="skewed"),
        pytest.param((-90.0, 0.0, 1.0, 2.0, 90.0), False, -4.0, 6.0, BINS, False, id="tails"),
        pytest.param((2.0, 2.0, 2.0, 2.0, 2.0), False, 1.0, 3.0, 15, False, id="constant"),
        pytest.param((2, 2, 2, 2, 2), True, 1.0, 3.0, 15, False, id="whole constant"),
        pytest.param((0.0, 0.0, 0.0, 0.0, 0.0), False, -0.5, 0.5, 15, False, id="zero"),
        pytest.param((1.0, 1.5, 2.0, 4.0, None), False, 1.0, 4.0, BINS, False, id="infinite"),
    ],
)
def test_bins_suit_the_values(
    values: tuple[float | None, ...], whole: bool, low: float, high: float, count: int, log: bool
) -> None:
    bins = choose_bins(quantiles(*values), whole=whole)
    assert bins is not None
    assert (bins.low, bins.high, bins.count, bins.log) == (low, high, count, log)


def test_nothing_finite_has_no_bins() -> None:
    assert choose_bins({}, whole=False) is None
    assert choose_bins(quantiles(None, None, None, None, None), whole=False) is None


def test_histograms_count_every_value_once(table: HardnessTable) -> None:
    figures = {f.name: f for f in histograms(table.metric("perplexity"))}
    data = figures["histogram-perplexity.perplexity"].data["bins"]
    values = np.array([v for v in perplexities(COUNT)["perplexity"] if v is not None])
    edges = np.geomspace(values.min(), values.max(), BINS + 1)
    expected = np.histogram(values, bins=edges)[0]
    # A value on an edge may fall on either side of it.
    assert np.abs(np.array(data["count"]) - expected).sum() <= 2
    assert sum(data["count"]) == len(values)
    # Higher is harder, so the hardness of the bars rises with their values.
    assert np.all(np.diff(data["hardness"]) >= 0)
    whole = figures["histogram-perplexity.n_tokens"].data["bins"]
    assert whole["count"] == [COUNT // 5] * 5
    assert whole["from"] == [3.5, 4.5, 5.5, 6.5, 7.5]


def test_histograms_of_names_come_by_frequency(table: HardnessTable) -> None:
    figures = {f.name: f for f in histograms(table.metric("cartography"))}
    found = figures["histogram-cartography.suggested"].data["bins"]
    values = pl.Series(map_columns(COUNT)["suggested"]).drop_nulls()
    assert sum(found["count"]) == len(values)
    assert found["count"] == sorted(found["count"], reverse=True)
    assert figures["histogram-cartography.never_learnt"].data["bins"]["name"] == ["false", "true"]


def constant_figures(folder: Path) -> dict[str, Figure]:
    """Histograms of columns that hold nothing but one value, and of one that nearly does."""
    columns = {
        "real": [0.12345678] * 9,
        "whole": [12_345_678] * 9,
        "minus": [-3, None] * 4 + [-3],
        "name": ["yes"] * 9,
        "infinite": [2.0] * 8 + [math.inf],
    }
    directions = {"real": "higher", "minus": "lower"}
    with open_dataset(write_data(folder / "data.jsonl", plain_texts(9), None)) as dataset:
        table = create_table(folder / "data.hardness", dataset)
        write_metric(table, dataset, "m", columns, directions)
    return {figure.title.removeprefix("m."): figure for figure in histograms(table.metric("m"))}


def test_a_constant_column_is_a_narrow_bar_with_its_value(tmp_path: Path) -> None:
    figures = constant_figures(tmp_path)
    for name, count, value, told in (
        ("real", 9, 0.12345678, "0.1235"),
        ("whole", 9, 12_345_678, "12,345,678"),
        ("minus", 5, -3, "−3"),
    ):
        (bar,) = (row for row in rows_of(figures[name].data["bins"]) if row["count"])
        assert bar["count"] == count
        assert (bar["from"] + bar["to"]) / 2 == pytest.approx(value, rel=1e-5)
        edges = [*figures[name].data["bins"]["from"], *figures[name].data["bins"]["to"]]
        assert bar["to"] - bar["from"] < (max(edges) - min(edges)) / 10
        axis = figures[name].spec["encoding"]["x"]["axis"]
        assert axis["values"] == [value]
        assert json.loads(axis["labelExpr"]) == told
    assert figures["real"].reading == "Every record has the value 0.1235."
    said = "All 5 records with a value have −3; 4 without a value."
    assert figures["minus"].reading == said
    assert figures["name"].reading == "Every record has the value yes."
    assert figures["name"].spec["mark"]["height"] == {"band": 0.25}


def test_a_column_with_an_infinity_is_not_called_constant(tmp_path: Path) -> None:
    figure = constant_figures(tmp_path)["infinite"]
    assert "has the value" not in figure.reading
    assert "values" not in figure.spec["encoding"]["x"]["axis"]


def test_spearman_is_that_of_the_pairs_that_have_both() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 200))
    b = np.round(b + a, 1)  # ties
    c[::7] = np.nan
    found = spearman({"a": a, "b": b, "c": c, "constant": np.ones(200)})
    frame = pl.DataFrame({"a": a, "b": b, "c": c}).fill_nan(None)
    for i, one in enumerate("abc"):
        for j, other in enumerate("abc"):
            both = frame.drop_nulls([one, other])
            expected = both.select(pl.corr(one, other, method="spearman")).item()
            assert found[i, j] == pytest.approx(expected)
    assert np.isnan(found[3]).all()
    assert np.isnan(spearman({"a": np.array([1.0, np.nan])})).all()


def test_scores_are_turned_so_that_higher_is_harder() -> None:
    scores = pl.DataFrame({"m.a": [1.0, 2.0, 3.0, 4.0], "m.b": [4.0, 3.0, 2.0, 1.0]})
    figure = correlation(scores, {"m.a": "higher", "m.b": "lower"}, 4)
    assert figure is not None
    assert figure.data["pairs"]["rho"] == [1.0, 1.0, 1.0, 1.0]
    assert correlation(scores, {"m.a": "higher"}, 4) is None


def test_scores_are_joined_by_row(table: HardnessTable) -> None:
    names = score_columns(table)
    assert names["cartography.confidence"] == "lower"
    assert "perplexity.n_tokens" not in names
    joined = joint_scores(table, list(names))
    assert joined["row"].to_list() == list(range(COUNT))
    assert joined["perplexity.perplexity"].to_list() == perplexities(COUNT)["perplexity"]


def test_the_map_counts_every_record_in_its_cell(table: HardnessTable) -> None:
    counts = count_map(table.frame("cartography"))
    assert counts is not None
    values = pl.DataFrame(map_columns(COUNT)).drop_nulls()
    assert (counts.records, counts.nulls) == (len(values), COUNT - len(values))
    largest = float(np.max(values["variability"].to_numpy()))
    assert largest <= counts.reach < largest + 0.02
    expected: dict[int, list[float]] = {}
    for record in values.iter_rows(named=True):
        up = min(int(record["confidence"] * UP), UP - 1)
        across = min(int(record["variability"] / counts.reach * ACROSS), ACROSS - 1)
        expected.setdefault(up * ACROSS + across, []).append(record["correctness"])
    assert counts.cells["cell"].to_list() == sorted(expected)
    for cell, count, correctness in counts.cells.iter_rows():
        assert count == len(expected[cell])
        assert correctness == pytest.approx(np.mean(expected[cell]))
    for found, column, share in (
        (counts.confident, "confidence", 2 / 3),
        (counts.doubtful, "confidence", 1 / 3),
        (counts.ambiguous, "variability", 2 / 3),
    ):
        assert found == pytest.approx(values[column].quantile(share, "linear"), abs=0.01)


def test_a_map_of_nothing_is_none() -> None:
    nulls = pl.Series([None], dtype=pl.Float64)
    frame = pl.LazyFrame({"confidence": nulls, "variability": nulls, "correctness": nulls})
    assert count_map(frame) is None


def test_density_is_drawn_where_not_all_records_are(table: HardnessTable) -> None:
    counts = count_map(table.frame("cartography"))
    assert counts is not None
    fields = {name: name for name in ("variability", "confidence", "correctness")}
    whole = data_map(counts, records="r", shown=counts.records, fields=fields)
    part = data_map(counts, records="r", shown=100, fields=fields)
    assert len(part.spec["layer"]) == len(whole.spec["layer"]) + 1
    assert sum(row["count"] for row in rows_of(part.data["cells"])) == counts.records


def shards_of(folder: Path, hardness: np.ndarray, weight: np.ndarray | None = None) -> Shards:
    rows = len(hardness)
    columns = {
        "text": ["t"] * rows,
        "row": pa.array(range(rows), pa.uint64()),
        "hardness": pa.array(hardness, pa.float32(), from_pandas=True),
        "position": pa.array(range(rows), pa.uint64()),
    }
    if weight is not None:
        columns["weight"] = pa.array(weight, pa.float32())
    manifest = Manifest(
        dataset={"digest": "0" * 32, "files": []},
        columns=Columns(text=("text",)),
        metric={"name": "m", "column": "m", "direction": "higher", "parameters": {}},
        curriculum={"order": "ascending"},
        weighting=None if weight is None else {"name": "s-loss"},
        hardness={"min": 0.0, "mean": 0.5, "max": 1.0, "nulls": 0},
        rows=rows,
        shard_rows=70,
    )
    write_shards(folder, pa.table(columns), manifest, row_group_rows=13)
    return open_shards(folder)


@pytest.mark.parametrize("rows", [1, 3, STEPS, 500])
def test_previews_are_means_by_position(tmp_path: Path, rows: int) -> None:
    hardness = np.random.default_rng(0).random(rows)
    hardness[rows // 2] = np.nan
    weight = np.linspace(0, 2, rows)
    found = preview(shards_of(tmp_path / "s", hardness, weight))
    assert found.steps == min(STEPS, rows)
    steps = [position * found.steps // rows for position in range(rows)]
    ends = found.ends()
    for step in range(found.steps):
        here = [i for i in range(rows) if steps[i] == step]
        assert (ends[step], ends[step + 1] - 1) == (here[0], here[-1])
        known = [hardness[i] for i in here if not np.isnan(hardness[i])]
        assert found.weight[step] == pytest.approx(np.mean(weight[here]), abs=1e-6)
        assert found.counts[step].sum() == len(known)
        if known:
            assert found.hardness[step] == pytest.approx(np.mean(known), abs=1e-6)
        else:
            assert np.isnan(found.hardness[step])
    assert found.counts.shape == (found.steps, LEVELS)


def test_shards_without_weights_have_one_figure(tmp_path: Path) -> None:
    hardness = np.linspace(0, 1, 50)
    plain = shards_of(tmp_path / "plain", hardness)
    weighted = shards_of(tmp_path / "weighted", hardness, 2 - hardness)
    assert [f.name for f in curriculum(plain, preview(plain), "c")] == ["c"]
    figures = curriculum(weighted, preview(weighted), "c")
    assert [f.name for f in figures] == ["c", "c-weight"]
    assert "50 positions, ascending; hardness by m" in figures[0].reading


def test_surfaces_show_the_weightings_of_hardness_and_progress() -> None:
    figures = {figure.title: figure for figure in surfaces()}
    assert {"s-loss", "s-loss-descending", "s-loss-swing"} <= figures.keys()
    assert not figures.keys() & {"uniform", "focal", "shards"}
    # ω = (2h - 1)(s - 1) + 1 at (h, s) = (0, 0), (1, 0), (0, 1), (1, 1)
    assert figures["s-loss"].data["corners"]["weight"] == [2.0, 0.0, 1.0, 1.0]
    for row in rows_of(figures["s-loss-swing"].data["surface"]):
        h, s = (row["h0"] + row["h1"]) / 2, (row["s0"] + row["s1"]) / 2
        assert row["weight"] == pytest.approx((2 * h - 1) * (2 * s - 1) + 1, abs=2e-3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (8831, "8,831"),
        (-0.5, "−0.5"),
        (17.1139, "17.11"),
        (123456.7, "123,457"),
        (1e-7, "1e−07"),
        (1.0, "1"),
        (float("-inf"), "−∞"),
    ],
)
def test_numbers_are_short_and_readable(value: float | None, text: str) -> None:
    assert number(value) == text
