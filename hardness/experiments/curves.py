"""The learning curves of a comparison: means over seeds with their intervals."""

from __future__ import annotations

import altair as alt

from hardness.experiments.analysis import Comparison
from hardness.reporting.figure import Figure, significant, specification
from hardness.reporting.theme import DASHES, INK, SERIES

HEIGHT = 320


def learning_curves(comparison: Comparison) -> Figure:
    """Mean and 95% interval of the measure by step, a line an arm, and where the baseline ends."""
    points = [(arm.name, p.step, p.measure) for arm in comparison.arms for p in arm.curve]
    data = {
        "arm": [name for name, _, _ in points],
        "step": [step for _, step, _ in points],
        "mean": [significant(m.value) for _, _, m in points],
        "low": [significant(m.value - (m.half_width or 0)) for _, _, m in points],
        "high": [significant(m.value + (m.half_width or 0)) for _, _, m in points],
    }
    names = [arm.name for arm in comparison.arms]
    legend = alt.Legend(
        title=None, orient="right", labelLimit=260, symbolType="stroke", symbolOpacity=1
    )
    colours = [SERIES[index % len(SERIES)] for index in range(len(names))]
    dashes = [DASHES[index // len(SERIES) % len(DASHES)] for index in range(len(names))]
    colour = alt.Color("arm:N", scale=alt.Scale(domain=names, range=colours), legend=legend)
    dash = alt.StrokeDash("arm:N", scale=alt.Scale(domain=names, range=dashes), legend=legend)
    x = alt.X("step:Q", title="optimiser steps", axis=alt.Axis(format=",d"))
    named = alt.Chart(alt.NamedData("curves"))
    band = named.mark_area(opacity=0.12).encode(
        x=x,
        y=alt.Y("low:Q", title=comparison.measure, scale=alt.Scale(zero=False)),
        y2="high:Q",
        color=colour,
    )
    line = named.mark_line(strokeWidth=2).encode(x=x, y="mean:Q", color=colour, strokeDash=dash)
    goal = (
        alt.Chart(alt.NamedData("goal"))
        .mark_rule(color=INK, opacity=0.5, strokeDash=[2, 2])
        .encode(y="mean:Q")
    )
    better = "higher" if comparison.direction == "higher" else "lower"
    return Figure(
        name="learning-curves",
        title=f"{comparison.measure} over {comparison.arms[0].final.n} seeds",
        reading=f"Mean and 95% interval over seeds, {better} is better; the dotted line is where "
        f"{comparison.baseline} ends.",
        spec=specification(alt.layer(band, line, goal).properties(height=HEIGHT)),
        data={"curves": data, "goal": {"mean": [significant(comparison.arms[0].final.value)]}},
    )
