"""Histograms: how the values of every column of a metric are spread."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import polars as pl

from hardness.io.metric import MetricInfo, full_name
from hardness.metrics import metrics
from hardness.reporting.figure import Figure, number, significant, specification
from hardness.reporting.theme import AMBIGUOUS, EASY_TO_HARD

BINS = 48
_SKEWED = 12
"""From this ratio of the largest value to the median on, positive numbers that are not counts get a
log axis."""
_TAIL = 2.0
"""Bins reach so many times the distance of the 5% and 95% quantiles beyond these."""
_AROUND = 15
"""Bins of a column with one value, an odd number: it is a narrow bar in the middle."""
_MOST_NAMES = 12
_LONGEST_NAME = 200
_ROOMY = 4
"""From so many names on, their bars fill the height of the figure; fewer are as thick as these."""
HEIGHT = 150


@dataclass(frozen=True, kw_only=True)
class Bins:
    """Where the bins of a column begin and end.

    Attributes:
        low, high: ends of the first and the last one, high > low.
        count: how many, all of one width, on the log scale if `log`.
        log: the axis is logarithmic; low is above 0 then.
        whole: the values are whole numbers.
    """

    low: float
    high: float
    count: int
    log: bool = False
    whole: bool = False

    def edges(self) -> np.ndarray:
        """(count + 1,) f64, increasing."""
        if self.log:
            return np.geomspace(self.low, self.high, self.count + 1)
        return np.linspace(self.low, self.high, self.count + 1)

    def index(self, column: str) -> pl.Expr:
        """The bin of a column's values, u32; what lies beyond is in the outermost bins."""
        value, low, high = pl.col(column).cast(pl.Float64), self.low, self.high
        if self.log:
            value, low, high = value.log(), math.log(low), math.log(high)
        place = ((value - low) / (high - low) * self.count).floor()
        return place.clip(0, self.count - 1).cast(pl.UInt32)


def choose_bins(quantiles: Mapping[str, float | None], *, whole: bool) -> Bins | None:
    """Bins for a column.

    Args:
        quantiles: "0", "0.05", "0.5", "0.95" and "1", as metric.json has them.
        whole: the values are whole numbers.

    Returns:
        The bins; None where there are no finite values.
    """
    known = [quantiles.get(name) for name in ("0", "0.05", "0.5", "0.95", "1")]
    if any(value is None for value in known):
        # An infinite extreme: what is finite is spread between the other quantiles.
        finite = [value for value in quantiles.values() if value is not None]
        if not finite:
            return None
        known = [min(finite), min(finite), float(np.median(finite)), max(finite), max(finite)]
    least, five, median, ninety_five, most = (float(value) for value in known if value is not None)
    if most <= least:
        width = abs(least) / 2 or 0.5
        return Bins(low=least - width, high=least + width, count=_AROUND)
    if whole and most - least < BINS:
        return Bins(low=least - 0.5, high=most + 0.5, count=int(most - least) + 1, whole=True)
    if not whole and least > 0 and most / median >= _SKEWED:
        return Bins(low=least, high=most, count=BINS, log=True)
    spread = (ninety_five - five) * _TAIL or most - least
    low, high = max(least, five - spread), min(most, ninety_five + spread)
    if whole:
        width = math.ceil((high - low + 1) / BINS)
        count = math.ceil((high - low + 1) / width)
        return Bins(low=low - 0.5, high=low - 0.5 + width * count, count=count, whole=True)
    return Bins(low=low, high=high, count=BINS)


def histograms(info: MetricInfo) -> list[Figure]:
    """A figure of each column of a metric, of which no more than the counts is held."""
    frame = info.frame()
    schema = frame.collect_schema()
    plans: list[tuple[str, Bins | None]] = []
    counting: list[pl.LazyFrame] = []
    for column in info.columns:
        kind = schema[column]
        if kind.is_numeric():
            bins = choose_bins(info.summary[column].get("quantiles", {}), whole=kind.is_integer())
            if bins is None:
                continue
            good = frame.filter(pl.col(column).is_finite()) if kind.is_float() else frame
            there = good.select(pl.col(column)).drop_nulls()
            counting.append(there.group_by(bins.index(column).alias("bin")).len("count"))
        elif kind in (pl.String, pl.Boolean):
            bins = None
            named = frame.select(pl.col(column).cast(pl.String).alias("name")).drop_nulls()
            counting.append(named.group_by("name").len("count"))
        else:
            continue
        plans.append((column, bins))
    counted = pl.collect_all(counting, engine="streaming")
    return [
        _numbers(info, column, bins, found) if bins else _names(info, column, found)
        for (column, bins), found in zip(plans, counted, strict=True)
        if len(found)
    ]


def _numbers(info: MetricInfo, column: str, bins: Bins, found: pl.DataFrame) -> Figure:
    counts = np.zeros(bins.count, dtype=np.int64)
    counts[found["bin"].to_numpy()] = found["count"].to_numpy()
    edges = bins.edges()
    # Half of a bin's own records, and all before it: the share of the records that are less.
    below = (np.cumsum(counts) - counts / 2) / max(counts.sum(), 1)
    direction = info.directions.get(column)
    hardness = below if direction == "higher" else 1 - below
    data = {
        "from": [significant(edge, 6) for edge in edges[:-1].tolist()],
        "to": [significant(edge, 6) for edge in edges[1:].tolist()],
        "count": counts.tolist(),
        "hardness": [significant(value, 3) for value in hardness.tolist()],
    }
    axis = _value_axis(bins, _only_value(info.summary[column]))
    scale = alt.Scale(type="log", nice=False) if bins.log else alt.Scale(nice=False, zero=False)
    title = f"{column} ({direction} is harder)" if direction else column
    colour = (
        alt.Color(
            "hardness:Q", scale=alt.Scale(domain=[0, 0.5, 1], range=EASY_TO_HARD), legend=None
        )
        if direction
        else alt.value(AMBIGUOUS)
    )
    chart = (
        alt.Chart(alt.NamedData("bins"))
        .mark_bar(binSpacing=0.5, orient="vertical")
        .encode(
            x=alt.X("from:Q", scale=scale, axis=axis, title=title),
            x2="to:Q",
            y=alt.Y("count:Q", title="records", axis=_count_axis(counts.max())),
            color=colour,
            tooltip=[
                alt.Tooltip("from:Q", format=",.4~r"),
                alt.Tooltip("to:Q", format=",.4~r"),
                alt.Tooltip("count:Q", title="records", format=","),
            ],
        )
        .properties(height=HEIGHT)
    )
    return _figure(info, column, chart, data, _spread(info, column, bins))


def _names(info: MetricInfo, column: str, found: pl.DataFrame) -> Figure:
    found = found.sort(["count", "name"], descending=[True, False])
    shown = found.head(_MOST_NAMES)
    names, counts = shown["name"].to_list(), shown["count"].to_list()
    reading = f"{number(len(found))} different values"
    if len(found) > len(shown):
        reading += f", of which the {len(shown)} most frequent are shown"
    if len(found) == 1:
        reading = _constant(info.summary[column], names[0][:_LONGEST_NAME])
    data = {"name": [name[:_LONGEST_NAME] for name in names], "count": counts}
    chart = (
        alt.Chart(alt.NamedData("bins"))
        .mark_bar(color=AMBIGUOUS, height=alt.RelativeBandSize(band=min(1.0, len(names) / _ROOMY)))
        .encode(
            x=alt.X("count:Q", title="records", axis=_count_axis(max(counts))),
            y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=120)),
            tooltip=[alt.Tooltip("name:N"), alt.Tooltip("count:Q", format=",")],
        )
        .properties(height=HEIGHT)
    )
    return _figure(info, column, chart, data, f"{reading}.")


def _only_value(summary: Mapping[str, Any]) -> float | None:
    """What all of a column's numbers are; None where they differ."""
    ends = [summary["quantiles"].get(name) for name in ("0", "1")]
    return ends[0] if ends[0] == ends[1] else None


def _constant(summary: Mapping[str, Any], value: str) -> str:
    if summary["nulls"]:
        count, nulls = number(summary["count"]), number(summary["nulls"])
        return f"All {count} records with a value have {value}; {nulls} without a value"
    return f"Every record has the value {value}"


def _value_axis(bins: Bins, only: float | None) -> alt.Axis:
    if only is None:
        return alt.Axis(tickCount=5, labelOverlap=True, tickMinStep=1.0 if bins.whole else 0.0)
    return alt.Axis(values=[only], labelExpr=json.dumps(number(only)))


def _count_axis(most: int) -> alt.Axis:
    return alt.Axis(tickCount=4, format="~s" if most >= 10_000 else ",d")


def _figure(
    info: MetricInfo, column: str, chart: alt.Chart, data: dict[str, Any], reading: str
) -> Figure:
    summary = meanings(info.name).get(column)
    return Figure(
        name=f"histogram-{info.name}.{column}",
        title=full_name(info.name, column),
        reading=f"{summary}. {reading}" if summary else reading,
        spec=specification(chart),
        data={"bins": data},
        small=True,
    )


def _spread(info: MetricInfo, column: str, bins: Bins) -> str:
    summary = info.summary[column]
    only = _only_value(summary)
    if only is not None:
        return f"{_constant(summary, number(only))}."
    quantiles = summary["quantiles"]
    said = (
        f"Median {number(quantiles.get('0.5'))}; nine in ten between "
        f"{number(quantiles.get('0.05'))} and {number(quantiles.get('0.95'))}"
    )
    if summary["nulls"]:
        said += f"; {number(summary['nulls'])} without a value"
    beyond = [quantiles.get("0"), quantiles.get("1")]
    if any(value is None or not bins.low <= value <= bins.high for value in beyond):
        said += "; the outermost bars hold all beyond"
    return f"{said}{'; logarithmic axis' if bins.log else ''}."


def meanings(metric: str) -> dict[str, str]:
    """Column to what it is, of a metric that this installation knows."""
    if metric not in metrics.names():
        return {}
    return {column.name: column.summary for column in metrics.get(metric).columns}
