"""How figures look: colours that mean the same everywhere, and text in the colour of the page.

Every colour has a contrast of at least 3 against white and against the page's dark ground, so that
one set serves both. What has to follow the ground (text, axes, grid) is `currentColor`.
"""

from __future__ import annotations

from typing import Any

EASY = "#2f7fc1"
AMBIGUOUS = "#8c8c8c"
HARD = "#d9730d"
EASY_TO_HARD = [EASY, AMBIGUOUS, HARD]
"""Blue to orange through grey, which all common kinds of colour blindness tell apart."""

LESS, MORE = "#8a6fd1", "#16966f"
"""Below and above a neutral value: weights below and above 1, negative and positive correlation."""

SERIES = [EASY, HARD, MORE, "#c566a0", LESS, "#a3851d", "#2f9a9a", "#c94f4f"]
"""For things without an order, such as runs."""
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]
"""A second sign beside the colour, for print and where colours repeat."""

INK = "currentColor"
"""The colour of the page's text, black in a file of its own."""


def config(*, alone: bool = False) -> dict[str, Any]:
    """Vega-Lite's settings for a figure.

    Args:
        alone: for a file of its own, black on white, rather than for the page.
    """
    text = {"labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 12}
    return {
        "background": "white" if alone else None,
        "font": "Liberation Sans, Arial, sans-serif" if alone else "system-ui, sans-serif",
        "padding": 12 if alone else {"left": 2, "top": 2, "right": 12, "bottom": 2},
        "view": {"stroke": None},
        "axis": text
        | {
            "titleFontWeight": "normal",
            "gridColor": INK,
            "gridOpacity": 0.1,
            "domainColor": INK,
            "domainOpacity": 0.35,
            "tickColor": INK,
            "tickOpacity": 0.35,
        },
        "legend": text | {"titleFontWeight": "normal"},
        "title": {"color": INK, "fontSize": 14, "anchor": "start"},
        # Thousands of marks would each be read out; the figure has one description instead.
        "mark": {"aria": False},
    }
