"""A drawing of what a build would write: hardness against training position."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import vl_convert

from hardness.curriculum.prepare import Prepared
from hardness.curriculum.preview import Curve, curve
from hardness.errors import HardnessError
from hardness.io.atomic import atomic_path
from hardness.io.storage import local_path
from hardness.reporting.figure import schema_version

BINS = 120
"""Points of the drawing: enough to see every stage, few enough that means are steady."""
WIDTH, HEIGHT = 640, 260
"""Pixels of the inner part."""
SCALE = 2.0
"""Pixels of a PNG for each of those."""
LINE, BAND = "#1b1b1b", "#2f7fc1"
VERSION = schema_version()
"""Of Vega-Lite, that the drawing is written in."""

WRITERS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    ".png": lambda spec: vl_convert.vegalite_to_png(spec, vl_version=VERSION, scale=SCALE),
    ".svg": lambda spec: vl_convert.vegalite_to_svg(spec, vl_version=VERSION).encode(),
    # With its scripts inside, so that the page asks no server for anything.
    ".html": lambda spec: vl_convert.vegalite_to_html(
        spec, vl_version=VERSION, bundle=True
    ).encode(),
}
"""By the end of the file's name."""


def save_plot(prepared: Prepared, file: str | Path) -> None:
    """Draw mean, least and greatest hardness against training position.

    Args:
        prepared: the build.
        file: a local path that ends in .png, .svg or .html; it is replaced.

    Raises:
        HardnessError: another ending, or no record that has a hardness.
    """
    path = local_path("plot", file)
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise HardnessError(
            f"plot must end in {', '.join(WRITERS)}, got {str(file)!r}; choose one of them"
        )
    if prepared.manifest.hardness["mean"] is None:
        raise HardnessError("plot must have a record with a hardness, got none; score the data")
    content = write(specification(prepared, curve(prepared.keys, BINS)))
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def specification(prepared: Prepared, found: Curve) -> dict[str, Any]:
    """The drawing in Vega-Lite."""
    known = np.flatnonzero(~np.isnan(found.mean))
    middle = (found.edges[:-1] + found.edges[1:] - 1) / 2
    points = [
        {
            "position": float(middle[index]),
            "mean": round(float(found.mean[index]), 5),
            "low": round(float(found.low[index]), 5),
            "high": round(float(found.high[index]), 5),
        }
        for index in known
    ]
    x = alt.X(
        "position:Q",
        title="training position",
        scale=alt.Scale(domain=[0, int(found.edges[-1])], nice=False),
        axis=alt.Axis(format=",d", labelOverlap=True, grid=False),
    )
    scale = alt.Scale(domain=[0, 1])
    base = alt.Chart(alt.InlineData(points))
    band = base.mark_area(color=BAND, opacity=0.25).encode(
        x=x, y=alt.Y("low:Q", title="hardness (1 is hardest)", scale=scale), y2="high:Q"
    )
    line = base.mark_line(color=LINE, strokeWidth=2).encode(x=x, y=alt.Y("mean:Q", scale=scale))
    drawing = alt.layer(band, line).properties(
        width=WIDTH,
        height=HEIGHT,
        background="white",
        padding=12,
        title=alt.TitleParams(
            text=_title(prepared), subtitle=_subtitle(prepared), anchor="start", fontSize=14
        ),
    )
    return drawing.configure_view(stroke=None).to_dict()


def _title(prepared: Prepared) -> str:
    parts = prepared.manifest.curriculum
    chosen = [parts["select"], parts["admit"] or parts["order"]]
    return ", then ".join(str(part) for part in chosen if part)


def _subtitle(prepared: Prepared) -> list[str]:
    manifest = prepared.manifest
    direction = manifest.metric["direction"]
    return [
        f"by {prepared.scores.name} ({direction} is harder), {manifest.rows:,} positions, "
        f"{manifest.occurrences['records']:,} records",
        "line: mean of neighbouring positions; shade: from the easiest to the hardest of them",
    ]
