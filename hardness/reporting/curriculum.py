"""Curriculum preview: how hard the records are that a training meets, from first to last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from hardness.curriculum.manifest import HARDNESS, POSITION, WEIGHT
from hardness.curriculum.shards import Shards
from hardness.io.metric import full_name
from hardness.reporting.figure import Figure, number, significant, specification
from hardness.reporting.theme import AMBIGUOUS, INK

STEPS = 120
"""Stretches that the positions are cut into."""
LEVELS = 40
"""Levels of hardness that are counted in each."""
_FIXED = 1 << 20
"""Hardness and weight are summed in whole fractions of this, so that the order does not matter."""
HEIGHT = 220


class Preview:
    """Counts over the positions of a folder of shards, added table by table.

    Attributes:
        counts: (steps, levels) int64, records at each stretch and level of hardness.
        hardness, weight: (steps,) f64 means, NaN where there is none.
    """

    def __init__(self, positions: int) -> None:
        self.steps = max(1, min(STEPS, positions))
        self._positions = positions
        self.counts = np.zeros((self.steps, LEVELS), dtype=np.int64)
        self._sums = {name: np.zeros((2, self.steps), np.int64) for name in (HARDNESS, WEIGHT)}

    def add(self, table: pa.Table) -> None:
        """Count a table of the shards' `position`, `hardness` and perhaps `weight`."""
        position = table.column(POSITION).to_numpy().astype(np.int64)
        step = np.minimum(position * self.steps // self._positions, self.steps - 1)
        for name, sums in self._sums.items():
            if name not in table.column_names:
                continue
            values = table.column(name).to_numpy().astype(np.float64)
            there = np.isfinite(values)
            fixed = np.round(values[there] * _FIXED).astype(np.int64)
            np.add.at(sums[0], step[there], fixed)
            np.add.at(sums[1], step[there], 1)
            if name == HARDNESS:
                level = np.clip((values[there] * LEVELS).astype(np.int64), 0, LEVELS - 1)
                np.add.at(self.counts, (step[there], level), 1)

    @property
    def hardness(self) -> np.ndarray:
        return self._mean(HARDNESS)

    @property
    def weight(self) -> np.ndarray:
        return self._mean(WEIGHT)

    def _mean(self, name: str) -> np.ndarray:
        total, count = self._sums[name]
        with np.errstate(invalid="ignore"):
            return np.where(count > 0, total / np.maximum(count, 1) / _FIXED, np.nan)

    def ends(self) -> np.ndarray:
        """(steps + 1,) int64, the first position of each stretch and the end."""
        steps = np.arange(self.steps + 1, dtype=np.int64)
        return -(-steps * self._positions // self.steps)


def preview(shards: Shards) -> Preview:
    """Count the shards, a row group in memory at a time."""
    found = Preview(shards.rows)
    for table in _tables(shards):
        found.add(table)
    return found


def _tables(shards: Shards) -> Iterator[pa.Table]:
    wanted = [name for name in (POSITION, HARDNESS, WEIGHT) if name in shards.columns]
    return shards.tables(wanted)


def curriculum(shards: Shards, found: Preview, name: str) -> list[Figure]:
    """The figures of one folder of shards: hardness by position, and weights if it has them."""
    title = PurePath(str(shards.path)).name or str(shards.path)
    figures = [_hardness(shards, found, name, title)]
    if np.isfinite(found.weight).any():
        figures.append(_weights(shards, found, name, title))
    return figures


def _hardness(shards: Shards, found: Preview, name: str, title: str) -> Figure:
    ends = found.ends()
    step, level = np.nonzero(found.counts)
    count = found.counts[step, level]
    cells = {
        "start": ends[step].tolist(),
        "stop": ends[step + 1].tolist(),
        "low": (level / LEVELS).tolist(),
        "high": ((level + 1) / LEVELS).tolist(),
        "count": count.tolist(),
    }
    x = alt.X("start:Q", scale=alt.Scale(domain=[0, shards.rows], nice=False), title="position",
              axis=alt.Axis(format=",d", labelOverlap=True, grid=False))  # fmt: skip
    y = alt.Scale(domain=[0, 1])
    density = (
        alt.Chart(alt.NamedData("cells"))
        .mark_rect(color=AMBIGUOUS)
        .encode(
            x=x,
            x2="stop:Q",
            y=alt.Y("low:Q", scale=y, title="hardness (1 is hardest)", axis=alt.Axis(grid=False)),
            y2="high:Q",
            opacity=alt.Opacity("count:Q", scale=alt.Scale(range=[0.08, 0.75]), legend=None),
            tooltip=[
                alt.Tooltip("start:Q", title="from position", format=","),
                alt.Tooltip("low:Q", title="hardness from", format=".3~f"),
                alt.Tooltip("high:Q", title="to", format=".3~f"),
                alt.Tooltip("count:Q", title="records", format=","),
            ],
        )
    )
    line = (
        alt.Chart(alt.NamedData("means"))
        .mark_line(strokeWidth=2.5, color=INK, interpolate="linear")
        .encode(x=alt.X("position:Q"), y=alt.Y("mean:Q", scale=y))
    )
    return Figure(
        name=name,
        title=title,
        reading=f"{_what(shards)}. The line is the mean hardness of the records at each position, "
        "the shading how many there are at each hardness.",
        spec=specification(alt.layer(density, line).properties(height=HEIGHT)),
        data={"cells": cells, "means": _means(ends, found.hardness)},
    )


def _weights(shards: Shards, found: Preview, name: str, title: str) -> Figure:
    weighting = (shards.manifest.weighting or {}).get("name", "weight")
    chart = (
        alt.Chart(alt.NamedData("means"))
        .mark_line(strokeWidth=2.5, color=INK)
        .encode(
            x=alt.X("position:Q", title="position",
                    scale=alt.Scale(domain=[0, shards.rows], nice=False),
                    axis=alt.Axis(format=",d", labelOverlap=True, grid=False)),
            y=alt.Y("mean:Q", title="mean weight"),
            tooltip=[alt.Tooltip("position:Q", format=","), alt.Tooltip("mean:Q", format=".3f")],
        )
        .properties(height=HEIGHT // 2)
    )  # fmt: skip
    return Figure(
        name=f"{name}-weight",
        title=f"{title}: weights",
        reading=f"The mean factor that {weighting} gives the losses at each position. Where it is "
        "not 1, the weighting also changes the effective learning rate.",
        spec=specification(chart),
        data={"means": _means(found.ends(), found.weight)},
    )


def _means(ends: np.ndarray, values: np.ndarray) -> dict[str, list[Any]]:
    middle = (ends[:-1] + ends[1:]) / 2
    return {
        "position": middle.tolist(),
        "mean": [None if np.isnan(value) else significant(value, 5) for value in values.tolist()],
    }


def _what(shards: Shards) -> str:
    manifest = shards.manifest
    metric: Mapping[str, Any] = manifest.metric
    by = full_name(metric["name"], metric["column"])
    parts = manifest.curriculum
    chosen = [parts.get("select"), parts.get("admit") or parts.get("order")]
    named = ", then ".join(str(part) for part in chosen if part)
    return f"{number(shards.rows)} positions, {named}; hardness by {by}"
