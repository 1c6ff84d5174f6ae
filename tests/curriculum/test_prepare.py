"""Builds before a record is read: several metrics, specs and what overrides them, previews."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hardness
from hardness.curriculum.explain import explain
from hardness.curriculum.prepare import Prepared, prepare
from hardness.curriculum.preview import curve, first_and_last, rows_at
from hardness.curriculum.shards import open_shards
from hardness.errors import HardnessError
from tests.curriculum.scored import records, score, write_jsonl
from tests.paths import local

N = 60
HARD = [float((7 * row) % N) for row in range(N)]
SURE = [row / N for row in range(N)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """perplexity, and cartography with a null; of its confidence lower is harder."""
    data = write_jsonl(tmp_path / "data.jsonl", records(N))
    score(data, tmp_path / "data.hardness", HARD)
    confidence: list[float | None] = [*SURE]
    confidence[5] = None
    made = score(
        data,
        tmp_path / "data.hardness",
        confidence,
        metric="confidence",
        direction="lower",
        more={"variability": (HARD, "higher"), "steps": (HARD, None)},
    )
    return local(made.path)


def placed(prepared: Prepared) -> list[int]:
    return rows_at(prepared.keys, np.arange(prepared.keys.rows)).tolist()


def test_ranks_of_an_expression_are_turned_so_that_higher_is_harder(table: Path) -> None:
    prepared = prepare(
        table, by="0.5*rank(perplexity) + 0.5*rank(confidence)", nulls="drop", order="ascending"
    )
    known = [row for row in range(N) if row != 5]
    hard = {row: sum(HARD[other] < HARD[row] for other in range(N)) / (N - 1) for row in known}
    unsure = {row: sum(SURE[other] > SURE[row] for other in known) / (N - 2) for row in known}
    expected = sorted(known, key=lambda row: 0.5 * hard[row] + 0.5 * unsure[row])
    assert placed(prepared) == expected
    assert prepared.manifest.metric["direction"] == "higher"
    assert prepared.manifest.metric["parameters"]["confidence"]["direction"] == "lower"
    assert prepared.manifest.hardness["nulls"] == 1


def test_an_expression_of_which_nobody_knows_the_way_is_refused(table: Path) -> None:
    with pytest.raises(HardnessError, match=r"by must say which way is harder, .*put rank\("):
        prepare(table, by="perplexity - confidence.variability")


def test_expression_may_begin_with_a_column(table: Path) -> None:
    prepared = prepare(table, by="confidence.variability * 2", order="ascending")
    assert prepared.manifest.metric["name"] == "confidence.variability * 2"
    assert placed(prepared) == sorted(range(N), key=lambda row: HARD[row])
    with pytest.raises(HardnessError, match=r"column must be one of .*, got 'confidence\.step'"):
        prepare(table, by="confidence.step")


def test_wrong_expression_is_told_by_the_name_of_its_option(table: Path) -> None:
    with pytest.raises(HardnessError, match=r"^by must be arithmetic over columns"):
        prepare(table, by="rank(perplexity) +")


def test_columns_without_a_way_can_be_ranked(table: Path) -> None:
    prepared = prepare(table, by="rank(confidence.steps)", order="descending")
    assert placed(prepared) == sorted(range(N), key=lambda row: -HARD[row])


def test_each_metric_has_its_own_schedule(table: Path) -> None:
    prepared = prepare(
        table,
        admit="perplexity:discrete,0.5/1,0.5 ; confidence:discrete,0.5/1,0.5",
        nulls="last",
        epochs=4,
    )
    sequence = placed(prepared)
    unsure = sorted((row for row in range(N) if row != 5), key=lambda row: -SURE[row])
    both = {row for row in unsure[:29] if HARD[row] <= sorted(HARD[r] for r in unsure)[28]}
    assert set(sequence[:100]) == both
    assert sequence[-4:] == [5] * 4
    assert prepared.scores.name == "perplexity"
    assert set(prepared.manifest.curriculum["columns"]) == {"perplexity", "confidence"}


def test_regions_are_cut_out_of_the_table(table: Path) -> None:
    prepared = prepare(table, by="perplexity", select="region:hard,f=0.25,metric=confidence")
    assert set(placed(prepared)) == {0, 1, 2, 3, 4, *range(6, 16)}
    with pytest.raises(HardnessError, match="metric must be one of confidence, perplexity"):
        prepare(table, by="perplexity", select="region:hard")


def test_what_another_column_says_is_part_of_the_build(table: Path, tmp_path: Path) -> None:
    """Shards by a region are stale once the scores that it is cut by change."""
    options: dict[str, Any] = {"by": "perplexity", "output": tmp_path / "s"}
    options["select"] = "region:hard,f=0.2,metric=confidence"
    hardness.build(table, **options)
    assert hardness.build(table, **options).cached
    shutil.rmtree(table / "confidence")
    score(tmp_path / "data.jsonl", table, SURE[::-1], metric="confidence", direction="lower")
    with pytest.raises(HardnessError, match=r"curriculum\.columns\.confidence\.confidence"):
        hardness.build(table, **options)


def test_a_spec_is_overridden_by_what_is_given(table: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("by: confidence\norder: buckets:4\nepochs: 2\nnulls: drop\nweighting: s-loss\n")
    manifest = prepare(table, curriculum=mine).manifest
    assert (manifest.metric["name"], manifest.curriculum["order"]) == ("confidence", "buckets:4")
    assert (manifest.epochs, manifest.weighting) == (2, {"name": "s-loss"})
    manifest = prepare(table, curriculum=mine, by="perplexity", epochs=1, order="random").manifest
    assert (manifest.metric["name"], manifest.curriculum["order"]) == ("perplexity", "random")
    assert (manifest.epochs, manifest.curriculum["nulls"]) == (1, "drop")
    manifest = prepare(table, curriculum=mine, admit="perplexity:linear").manifest
    assert manifest.curriculum["order"] is None


def test_a_shipped_curriculum_builds_what_its_manifest_says(table: Path, tmp_path: Path) -> None:
    result = hardness.build(table, by="perplexity", curriculum="babysteps", output=tmp_path / "s")
    shards = open_shards(result.path)
    rows = np.concatenate([part.column("row").to_numpy() for part in shards.tables(["row"])])
    times = np.bincount(rows.astype(int), minlength=N)
    quarters = np.argsort(HARD)
    assert [times[row] for row in quarters] == [4] * 15 + [3] * 15 + [2] * 15 + [1] * 15
    assert result.manifest.occurrences["times"] == {"1": 15, "2": 15, "3": 15, "4": 15}
    assert result.rows == 150


@pytest.mark.parametrize("order", ["ascending", "babysteps:3"])
def test_the_curve_is_the_mean_of_each_bin(table: Path, order: str) -> None:
    prepared = prepare(table, by="perplexity", order=order)
    found = curve(prepared.keys, 7)
    values = prepared.keys.hardness[placed(prepared)]
    for index, (start, stop) in enumerate(zip(found.edges, found.edges[1:], strict=False)):
        part = values[start:stop]
        assert found.mean[index] == pytest.approx(part.mean())
        assert (found.low[index], found.high[index]) == (part.min(), part.max())
    assert found.edges[-1] == len(values)


def test_the_curve_passes_over_records_without_a_score(table: Path) -> None:
    prepared = prepare(table, by="confidence", nulls="first", order="ascending")
    found = curve(prepared.keys, 60)
    assert np.isnan(found.mean[0])
    assert not np.isnan(found.mean[1:]).any()


def test_both_ends_have_their_texts(table: Path) -> None:
    first, last = first_and_last(prepare(table, by="confidence", nulls="last"), 2)
    assert [(item.position, item.row) for item in (*first, *last)] == [
        (0, 59), (1, 58), (58, 0), (59, 5),
    ]  # fmt: skip
    assert first[0].hardness == 0
    assert last[1].hardness is None
    assert first[0].text is not None
    assert first[0].text.endswith(" 59")


def test_few_positions_are_shown_once(table: Path) -> None:
    first, last = first_and_last(prepare(table, by="perplexity", select="easiest:0.05"), 2)
    assert [item.position for item in (*first, *last)] == [0, 1, 2]


def test_a_record_is_explained_from_its_scores_to_its_places(table: Path) -> None:
    found = explain(prepare(table, by="confidence", nulls="drop", order="babysteps:2"), 58)
    (column,) = found.columns
    assert (column.name, column.direction, found.terms) == ("confidence", "lower", ())
    assert column.value == pytest.approx(58 / 60)
    assert column.rank == pytest.approx(1 / 58)
    assert found.hardness == pytest.approx(1 / 58)
    assert (found.place, found.known, len(found.positions)) == (1, 59, 2)


def test_the_terms_of_an_expression_are_explained(table: Path) -> None:
    by = "2 * rank(perplexity) - 0.5 * confidence"
    found = explain(prepare(table, by=by, nulls="drop"), 30)
    assert [part.name for part in found.columns] == ["perplexity", "confidence"]
    terms = {part.name: part.value for part in found.terms}
    rank = HARD[30] / (N - 1)
    assert terms == {
        "rank(perplexity)": pytest.approx(rank),
        "2 * rank(perplexity)": pytest.approx(2 * rank),
        "-(0.5 * confidence)": pytest.approx(-0.25),
    }
    assert found.score.value == pytest.approx(2 * rank - 0.25)


def test_a_record_without_a_score_is_explained(table: Path) -> None:
    found = explain(prepare(table, by="confidence", nulls="drop"), 5)
    assert (found.hardness, found.place, found.positions) == (None, None, ())
    assert found.columns[0].value is None


@pytest.mark.parametrize("row", [-1, N])
def test_a_row_that_is_not_there_is_refused(table: Path, row: int) -> None:
    with pytest.raises(HardnessError, match=f"row must be one of the table, .* 0 to 59, got {row}"):
        explain(prepare(table, by="perplexity"), row)


def test_folders_of_long_expressions_have_names_that_file_systems_take(table: Path) -> None:
    paths = {
        prepare(table, by=" + ".join(["rank(perplexity)"] * count)).path.name for count in (30, 31)
    }
    assert len(paths) == 2
    assert max(map(len, paths)) < 150
