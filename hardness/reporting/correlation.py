"""Rank correlation between the scores of one table: do they call the same records hard?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import polars as pl

from hardness.io.metric import full_name
from hardness.io.table import HardnessTable
from hardness.normalize import rank
from hardness.reporting.figure import Figure, Words, number, significant, specification
from hardness.reporting.sample import thinned
from hardness.reporting.theme import INK, LESS, MORE

RECORDS = 100_000
"""Of larger tables a sample of about that many is ranked: the error of a correlation is then below
0.01, and memory is bounded."""
MOST = 32
"""Of more columns, only the metrics' primary ones are compared."""
_STEP = 40


def score_columns(table: HardnessTable) -> dict[str, str]:
    """Address of every column that says something of hardness to the end that is harder."""
    infos = [table.metric(name) for name in table.metrics]
    every = [(info, column) for info in infos for column in info.directions]
    if len(every) > MOST:
        every = [(info, column) for info, column in every if column == info.columns[0]][:MOST]
    return {f"{info.name}.{column}": info.directions[column] for info, column in every}


def joint_scores(table: HardnessTable, names: Sequence[str]) -> pl.DataFrame:
    """Columns of one table beside each other, of a sample where there are many records."""
    frames = [
        thinned(table.column(name), table.rows, RECORDS).rename({"value": name}) for name in names
    ]
    found = pl.collect_all(frames, engine="streaming")
    joined = found[0]
    for frame in found[1:]:
        joined = joined.join(frame, on="row", how="full", coalesce=True)
    return joined.sort("row")


def spearman(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Spearman's rank correlation of every pair, each over the records that have both.

    Args:
        columns: k arrays of n f64, NaN where undefined.

    Returns:
        (k, k) f64 in [-1, 1], symmetric; NaN where a pair has fewer than three records or one of
        the two does not vary over them.

    Source: Spearman 1904, with average ranks for equal values.
    """
    values = list(columns.values())
    there = [~np.isnan(column) for column in values]
    whole = [
        _centred(column) if all_there.all() else None
        for column, all_there in zip(values, there, strict=True)
    ]
    result = np.full((len(values), len(values)), np.nan)
    for i in range(len(values)):
        for j in range(i + 1):
            a, b = whole[i], whole[j]
            if a is None or b is None:
                both = there[i] & there[j]
                a, b = _centred(values[i][both]), _centred(values[j][both])
            scale = np.sqrt((a @ a) * (b @ b))
            if len(a) > 2 and scale > 0:
                result[i, j] = result[j, i] = np.clip((a @ b) / scale, -1.0, 1.0)
    return result


def _centred(values: np.ndarray) -> np.ndarray:
    ranks = rank(values)
    return ranks - ranks.mean() if len(ranks) else ranks


def correlation(scores: pl.DataFrame, directions: Mapping[str, str], rows: int) -> Figure | None:
    """The heat map; None where there are not two columns to compare.

    Args:
        scores: a column of each name in `directions`.
        directions: name to the end that is harder; scores are turned so that higher is harder.
        rows: of the whole table.
    """
    addresses = list(directions)
    names = [full_name(*address.split(".", 1)) for address in addresses]
    if len(names) < 2 or not len(scores):
        return None
    oriented = {
        name: scores[name].cast(pl.Float64).to_numpy() * (1 if end == "higher" else -1)
        for name, end in directions.items()
    }
    found = spearman(oriented)
    pairs = [(i, j) for i in range(len(names)) for j in range(len(names))]
    values = [
        None if np.isnan(found[i, j]) else round(float(found[i, j]), 2) + 0.0 for i, j in pairs
    ]
    data = {
        "one": [names[i] for i, _ in pairs],
        "other": [names[j] for _, j in pairs],
        "rho": values,
        "told": ["–" if value is None else f"{value:.2f}".replace("-", "−") for value in values],
        "strength": [None if value is None else significant(abs(value)) for value in values],
    }
    base = alt.Chart(alt.NamedData("pairs")).encode(
        x=alt.X("other:N", sort=names, title=None, axis=alt.Axis(labelAngle=-40, orient="bottom")),
        y=alt.Y("one:N", sort=names, title=None),
        tooltip=[alt.Tooltip("one:N"), alt.Tooltip("other:N"), alt.Tooltip("rho:Q", format="+.2f")],
    )
    colour = alt.condition("datum.rho < 0", alt.value(LESS), alt.value(MORE))
    squares = base.mark_rect().encode(
        color=colour,
        opacity=alt.Opacity(
            "strength:Q", scale=alt.Scale(domain=[0, 1], range=[0, 0.8]), legend=None
        ),
    )
    told = base.mark_text(color=INK, fontSize=11).encode(text="told:N")
    chart = (squares + told).properties(width={"step": _STEP}, height={"step": 26})
    of = f" of about {number(RECORDS)} records" if rows > RECORDS else ""
    return Figure(
        name="correlation",
        title="Rank correlation",
        reading=f"Spearman correlation{of} between scores, each turned so that higher is harder. "
        "1: both put the records in the same order; 0: they have nothing to do with each other; "
        "below 0: what one calls hard the other calls easy.",
        spec=specification(chart),
        data={"pairs": data},
        table=_words(names, found),
        fixed=True,
    )


def _words(names: Sequence[str], found: np.ndarray) -> Words:
    rows = tuple(
        (name, *("–" if np.isnan(value) else f"{value + 0.0:.2f}" for value in row))
        for name, row in zip(names, found.tolist(), strict=True)
    )
    return Words(
        headings=("score", *names),
        rows=rows,
        numeric=frozenset(range(1, len(names) + 1)),
        caption="Spearman correlation",
    )
