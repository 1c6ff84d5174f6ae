"""Training curves: what runs logged in their metrics.jsonl, over their steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from hardness.reporting.figure import Figure, Words, number, significant, specification
from hardness.reporting.theme import DASHES, SERIES
from hardness.training.runs import RunSummary, list_runs, read_metrics

POINTS = 300
"""At most so many points a line: of longer ones, means of neighbouring steps."""
HEIGHT = 220

_PANELS = (
    ("train", "loss_nats", "Training loss", "nats", "The loss on what is trained on, unweighted."),
    ("eval", "loss_nats", "Evaluation loss", "nats", "The loss on the evaluation data."),
    ("eval", "accuracy_fraction", "Accuracy", "share right", "On the evaluation data."),
    ("eval", "perplexity", "Perplexity", "perplexity", "On the evaluation data; lower is better."),
    ("train", "weight_mean", "Mean weight", "mean ω", "Where it is not 1, a weighting also changes "
     "the effective learning rate."),
)  # fmt: skip


def find_runs(folders: Sequence[str | Path]) -> list[tuple[str, RunSummary]]:
    """The runs in some folders, each with a name that no other has.

    Raises:
        HardnessError: a folder holds none.
    """
    found: dict[Path, tuple[str, RunSummary]] = {}
    for folder in map(Path, folders):
        for run in list_runs(folder):
            inside = run.path.relative_to(folder).as_posix()
            name = folder.name if inside == "." else inside
            found.setdefault(run.path.resolve(), (name or str(folder), run))
    names = [name for name, _ in found.values()]
    return [
        (name if names.count(name) == 1 else f"{run.path.parent.name}/{name}", run)
        for name, run in found.values()
    ]


def curves(runs: Sequence[tuple[str, RunSummary]]) -> list[Figure]:
    """A figure of each quantity that any of the runs logged."""
    lines = {name: read_metrics(run.path) for name, run in runs}
    figures = []
    for event, key, title, unit, reading in _PANELS:
        points = {name: _points(logged, event, key) for name, logged in lines.items()}
        points = {name: line for name, line in points.items() if len(line)}
        flat = all(np.all(line[:, 1] == 1) for line in points.values())
        if points and not (key == "weight_mean" and flat):
            slug = f"curve-{event}-{key.partition('_')[0]}"
            figures.append(_figure(slug, title, unit, reading, points))
    return figures


def _points(logged: Sequence[Mapping[str, Any]], event: str, key: str) -> np.ndarray:
    """(n, 2) f64 of step and value, n at most `POINTS`."""
    found = [
        (line["step"], line[key])
        for line in logged
        if line.get("event") == event and line.get(key) is not None
    ]
    points = np.array(found, dtype=np.float64).reshape(-1, 2)
    if len(points) <= POINTS:
        return points
    ends = np.linspace(0, len(points), POINTS + 1).astype(int)
    return np.array([points[a:b].mean(axis=0) for a, b in pairwise(ends)])


def _figure(
    name: str, title: str, unit: str, reading: str, points: Mapping[str, np.ndarray]
) -> Figure:
    names = list(points)
    data = {
        "run": [run for run, line in points.items() for _ in range(len(line))],
        "step": [significant(v, 6) for line in points.values() for v in line[:, 0].tolist()],
        "value": [significant(v, 5) for line in points.values() for v in line[:, 1].tolist()],
    }
    # A share of the points where there are few, so that an evaluation per epoch can be seen.
    dots = max(len(line) for line in points.values()) <= 30
    colours = [SERIES[index % len(SERIES)] for index in range(len(names))]
    dashes = [DASHES[index % len(DASHES)] for index in range(len(names))]
    legend = alt.Legend(title=None, orient="top", columns=0, labelLimit=260, symbolType="stroke")
    chart = (
        alt.Chart(alt.NamedData("lines"))
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=28) if dots else False)
        .encode(
            x=alt.X("step:Q", title="optimiser steps", axis=alt.Axis(format=",d"),
                    scale=alt.Scale(nice=False)),
            y=alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False)),
            color=alt.Color("run:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
            strokeDash=alt.StrokeDash("run:N", scale=alt.Scale(domain=names, range=dashes),
                                      legend=legend),
            tooltip=[alt.Tooltip("run:N"), alt.Tooltip("step:Q", format=","),
                     alt.Tooltip("value:Q", title=unit, format=".4~r")],
        )
        .properties(height=HEIGHT)
    )  # fmt: skip
    return Figure(
        name=name, title=title, reading=reading, spec=specification(chart), data={"lines": data}
    )


def run_words(runs: Sequence[tuple[str, RunSummary]]) -> Words:
    """What the runs were and how they ended."""
    rows = []
    for name, run in runs:
        evaluation = run.evaluation or {}
        rows.append(
            (
                name,
                run.order or "–",
                run.weighting,
                str(run.seed),
                f"{run.step:,} of {run.total_steps:,}",
                number(run.loss_nats),
                number(evaluation.get("loss_nats")),
                number(evaluation.get("accuracy_fraction")),
            )
        )
    return Words(
        headings=("run", "order", "weighting", "seed", "steps", "training loss (nats)",
                  "evaluation loss (nats)", "accuracy"),
        rows=tuple(rows),
        numeric=frozenset({3, 4, 5, 6, 7}),
        caption="Last logged values of each run",
    )  # fmt: skip
