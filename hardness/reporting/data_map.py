"""The data map: where each record lies between easy, ambiguous and hard to learn.

Source: Swayamdipta et al. 2020, "Dataset Cartography", figure 1: variability to the right,
confidence upwards, correctness as colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import polars as pl

from hardness.reporting.figure import Figure, number, significant, specification
from hardness.reporting.sample import STRATUM
from hardness.reporting.theme import EASY_TO_HARD, INK

METRIC = "cartography"
SUGGESTED = "suggested"
AXES = ("variability", "confidence", "correctness")
ACROSS, UP = 56, 28
"""Cells along variability and confidence, of the density and of what a click chooses."""
_FINE = 1000
"""Steps in which quantiles are counted."""
_FIXED = 1_000_000
"""Correctness is summed in millionths: whole numbers add up to the same in any order."""
HEIGHT = 420


@dataclass(frozen=True, kw_only=True)
class MapCounts:
    """Records by where they lie on the map.

    Attributes:
        records: those with all three numbers.
        nulls: the others.
        reach: variability at the right edge, above 0.
        cells: cell (see `cell_of`), count and mean correctness of those that are not empty.
        confident: confidence that a third of the records exceed.
        doubtful: confidence that a third do not reach.
        ambiguous: variability that a third exceed.
    """

    records: int
    nulls: int
    reach: float
    cells: pl.DataFrame
    confident: float
    doubtful: float
    ambiguous: float


def cell_of(reach: float) -> pl.Expr:
    """The cell of a record: its step in confidence times `ACROSS` plus its step in variability."""
    return _step("confidence", 1.0, UP) * ACROSS + _step("variability", reach, ACROSS)


def _step(column: str, end: float, steps: int) -> pl.Expr:
    place = (pl.col(column).cast(pl.Float64) / end * steps).floor()
    return place.clip(0, steps - 1).cast(pl.UInt32)


def placed(frame: pl.LazyFrame, reach: float) -> pl.LazyFrame:
    """Row and cell, as `stratum`; those that have no place on the map are a stratum, too."""
    there = pl.all_horizontal(pl.col(axis).is_not_null() for axis in AXES)
    stratum = pl.when(there).then(cell_of(reach)).otherwise(pl.lit(ACROSS * UP, pl.UInt32))
    return frame.select("row", stratum.alias(STRATUM))


def count_map(frame: pl.LazyFrame) -> MapCounts | None:
    """Count the records of a map in a few passes that hold no more than a row per cell.

    Args:
        frame: `variability` in [0, 0.5], `confidence` and `correctness` in [0, 1], with nulls.

    Returns:
        The counts; None where no record has a place.
    """
    there = frame.drop_nulls(AXES)
    total, records, largest = (
        frame.select(
            pl.len(),
            pl.all_horizontal(pl.col(axis).is_not_null() for axis in AXES).sum().alias("there"),
            pl.col("variability").max(),
        )
        .collect(engine="streaming")
        .row(0)
    )
    if not records:
        return None
    reach = _nice_end(float(largest))
    fixed = (pl.col("correctness").cast(pl.Float64) * _FIXED).round().cast(pl.Int64)
    cells = (
        there.group_by(cell_of(reach).alias("cell"))
        .agg(pl.len().alias("count"), fixed.sum().alias("correct"))
        .collect(engine="streaming")
        .sort("cell")
        .with_columns(correctness=pl.col("correct") / (pl.col("count") * _FIXED))
        .drop("correct")
    )
    confidence = _counted(there, "confidence", 1.0)
    variability = _counted(there, "variability", reach)
    return MapCounts(
        records=records,
        nulls=total - records,
        reach=reach,
        cells=cells,
        confident=_quantile(confidence, 2 / 3, 1.0),
        doubtful=_quantile(confidence, 1 / 3, 1.0),
        ambiguous=_quantile(variability, 2 / 3, reach),
    )


def _nice_end(largest: float) -> float:
    """The end of the axis of variability: the next fiftieth, but at least one."""
    return max(1, int(np.ceil(round(largest * 50, 6)))) / 50


def _counted(frame: pl.LazyFrame, column: str, end: float) -> np.ndarray:
    found = (
        frame.group_by(_step(column, end, _FINE).alias("step"))
        .len("count")
        .collect(engine="streaming")
    )
    counts = np.zeros(_FINE, dtype=np.int64)
    counts[found["step"].to_numpy()] = found["count"].to_numpy()
    return counts


def _quantile(counts: np.ndarray, share: float, end: float) -> float:
    """The upper end of the step in which that share of the records is reached."""
    reached = int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
    return (reached + 1) / _FINE * end


def data_map(counts: MapCounts, *, records: str, shown: int, fields: dict[str, str]) -> Figure:
    """The figure.

    Args:
        counts: of all records.
        records: name of the data of the records that are drawn as points.
        shown: how many those are; the density of all is drawn where they are fewer.
        fields: of `records`: title to field, for what a point tells when one hovers over it; those
            of `AXES` place it.
    """
    confident = alt.Scale(domain=[0, 1], nice=False)
    variable = alt.Scale(domain=[0, counts.reach], nice=False)
    colour = alt.Scale(domain=[0, 0.5, 1], range=EASY_TO_HARD[::-1])
    x = alt.X(f"{fields['variability']}:Q", scale=variable, title="variability → ambiguous")
    y = alt.Y(f"{fields['confidence']}:Q", scale=confident, title="confidence → easy")
    points = (
        alt.Chart(alt.NamedData(records), name="points")
        .mark_circle(size=22, opacity=0.75)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                f"{fields['correctness']}:Q",
                scale=colour,
                legend=alt.Legend(title="correctness (share of epochs)", orient="top"),
            ),
            tooltip=[_told(title, field) for title, field in fields.items()],
        )
        .add_params(alt.selection_interval(name="area", encodings=["x", "y"]))
    )
    picked = (
        alt.Chart(alt.NamedData("picked"))
        .mark_circle(size=170, filled=False, strokeWidth=2.5, color=INK, opacity=1)
        .encode(x=x, y=y)
    )
    regions = (
        alt.Chart(alt.NamedData("regions"), name="regions")
        .mark_text(color=INK, fontSize=12, fontWeight="bold", align=alt.expr("datum.side"))
        .encode(x="x:Q", y="y:Q", text="name:N")
    )
    layers = [points, picked, regions]
    if shown < counts.records:
        layers.insert(0, _density(colour))
    chart = alt.layer(*layers).properties(height=HEIGHT)
    edge = counts.reach
    return Figure(
        name="data-map",
        title="Data map",
        reading=_reading(counts, shown),
        spec=specification(chart),
        borrows=records,
        data={
            "cells": _corners(counts) if shown < counts.records else {},
            "picked": {},
            "regions": {
                "name": ["easy to learn", "ambiguous", "hard to learn"],
                "x": [0.01 * edge, 0.99 * edge, 0.01 * edge],
                "y": [0.97, 0.5, 0.03],
                "side": ["left", "right", "left"],
            },
        },
    )


def _told(title: str, field: str) -> alt.Tooltip:
    if title in ("row", "label", "text", "suggested"):
        return alt.Tooltip(f"{field}:N", title=title)
    return alt.Tooltip(f"{field}:Q", title=title, format=",.4~r")


def _density(colour: alt.Scale) -> alt.Chart:
    return (
        alt.Chart(alt.NamedData("cells"), name="density")
        .mark_rect()
        .encode(
            x="x0:Q",
            x2="x1:Q",
            y="y0:Q",
            y2="y1:Q",
            color=alt.Color("correctness:Q", scale=colour),
            opacity=alt.Opacity(
                "count:Q", scale=alt.Scale(type="log", range=[0.12, 0.7]), legend=None
            ),
            tooltip=[
                alt.Tooltip("count:Q", title="records here", format=","),
                alt.Tooltip("correctness:Q", title="mean correctness", format=".2f"),
            ],
        )
    )


def _corners(counts: MapCounts) -> dict[str, list]:
    cell = counts.cells["cell"].to_numpy()
    across, up = cell % ACROSS, cell // ACROSS
    width = counts.reach / ACROSS
    return {
        "cell": cell.tolist(),
        "x0": [significant(x, 6) for x in (across * width).tolist()],
        "x1": [significant(x, 6) for x in ((across + 1) * width).tolist()],
        "y0": [significant(y, 6) for y in (up / UP).tolist()],
        "y1": [significant(y, 6) for y in ((up + 1) / UP).tolist()],
        "count": counts.cells["count"].to_list(),
        "correctness": [significant(value) for value in counts.cells["correctness"].to_list()],
    }


def _reading(counts: MapCounts, shown: int) -> str:
    if shown < counts.records:
        what = (
            f"The shading counts all {number(counts.records)} records; the points are "
            f"{number(shown)} of them, sampled so that sparse places are seen too"
        )
    else:
        what = f"Each point is one of {number(counts.records)} records"
    if counts.nulls:
        what += f" ({number(counts.nulls)} others have no place here)"
    return (
        f"{what}. Upwards the model is surer of the given label, to the right its confidence "
        "varied more between epochs, and the colour is the share of epochs in which it was right."
    )
