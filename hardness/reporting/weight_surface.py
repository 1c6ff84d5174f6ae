"""Weight surfaces: the factor of a record's loss by its hardness and the progress of training."""

from __future__ import annotations

import altair as alt
import numpy as np

from hardness.reporting.figure import Figure, significant, specification
from hardness.reporting.theme import INK, LESS, MORE
from hardness.weighting import Weighting, weightings

STEPS = 24
"""Cells along each axis."""
HEIGHT = 220


def surfaces() -> list[Figure]:
    """A figure of every weighting that depends on hardness and progress and on nothing else."""
    return [
        weight_surface(weighting)
        for _, weighting in weightings
        if set(weighting.needs) == {"hardness", "progress"}
    ]


def weight_surface(weighting: Weighting) -> Figure:
    """ω at hardness h and progress s, both in [0, 1]."""
    edges = np.linspace(0, 1, STEPS + 1)
    middle = (edges[:-1] + edges[1:]) / 2
    hardness, progress = (axis.ravel() for axis in np.meshgrid(middle, middle, indexing="ij"))
    factor = np.broadcast_to(weighting(hardness=hardness, progress=progress), hardness.shape)
    half = 0.5 / STEPS
    data = {
        "s0": [significant(value) for value in (progress - half).tolist()],
        "s1": [significant(value) for value in (progress + half).tolist()],
        "h0": [significant(value) for value in (hardness - half).tolist()],
        "h1": [significant(value) for value in (hardness + half).tolist()],
        "weight": [significant(value) for value in factor.tolist()],
        "away": [significant(abs(value - 1)) for value in factor.tolist()],
    }
    bare = alt.Axis(grid=False, tickCount=5)
    unit = alt.Scale(domain=[0, 1], nice=False)
    cells = (
        alt.Chart(alt.NamedData("surface"))
        .mark_rect()
        .encode(
            x=alt.X("s0:Q", scale=unit, title="progress of the training", axis=bare),
            x2="s1:Q",
            y=alt.Y("h0:Q", scale=unit, title="hardness", axis=bare),
            y2="h1:Q",
            color=alt.condition("datum.weight < 1", alt.value(LESS), alt.value(MORE)),
            opacity=alt.Opacity(
                "away:Q", scale=alt.Scale(domain=[0, 1], range=[0, 0.9]), legend=None
            ),
            tooltip=[
                alt.Tooltip("weight:Q", format=".2f"),
                alt.Tooltip("h0:Q", title="hardness from"),
                alt.Tooltip("s0:Q", title="progress from"),
            ],
        )
    )
    corners = {"x": [], "y": [], "weight": []}
    for x, y in ((0.06, 0.05), (0.06, 0.95), (0.94, 0.05), (0.94, 0.95)):
        at = float(
            weighting(hardness=np.array([round(y)]), progress=np.array([float(round(x))]))[0]
        )
        for key, value in (("x", x), ("y", y), ("weight", significant(at))):
            corners[key].append(value)
    told = (
        alt.Chart(alt.NamedData("corners"))
        .mark_text(color=INK, fontWeight="bold")
        .encode(x="x:Q", y="y:Q", text=alt.Text("weight:Q", format=".2~f"))
    )
    return Figure(
        name=f"weights-{weighting.name}",
        title=weighting.name,
        reading=f"ω = {weighting.formula}. Green: counts for more than 1, violet: for less, faint: "
        "for about 1; the numbers are those of the corners.",
        spec=specification(alt.layer(cells, told).properties(height=HEIGHT)),
        data={"surface": data, "corners": corners},
        small=True,
    )
