"""One figure: a Vega-Lite specification, its data by name, and what it says in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import altair as alt

from hardness.reporting.theme import config

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""Name of a field to its values, all of one length; null where undefined."""

EXPORT_WIDTH = 640
"""Pixels, of a figure in a file of its own; on the page it is as wide as there is room."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """A table of words and numbers, as the page shows them."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    """Columns to align at the right."""
    caption: str = ""
    kind: str = ""
    """What the rows have in common: `easy`, `ambiguous`, `hard` or `suspected`; "" for nothing."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure.

    Attributes:
        name: of its file, and of its place on the page; made of letters, digits and . _ -.
        title: a few words.
        reading: what one looks at, in a sentence; also what screen readers say.
        spec: Vega-Lite without data, whose names are keys of `data`.
        data: the named data.
        borrows: name of further data, the records that the page holds once for all to use.
        table: the same in words, where that is short.
        small: several stand side by side.
        fixed: it has a width of its own.
    """

    name: str
    title: str
    reading: str
    spec: Mapping[str, Any]
    data: Mapping[str, Columns] = field(default_factory=dict)
    borrows: str = ""
    table: Words | None = None
    small: bool = False
    fixed: bool = False

    def on_page(self) -> dict[str, Any]:
        """The specification as the page draws it, which adds the data."""
        size = {} if self.fixed else {"width": "container"}
        return {
            **self.spec,
            **size,
            "config": config(),
            "description": f"{self.title}. {self.reading}",
            "autosize": {"type": "fit-x", "contains": "padding"} if size else {"type": "pad"},
        }

    def alone(self, borrowed: Columns | None = None) -> dict[str, Any]:
        """The specification with its data and title, for a file of its own.

        Args:
            borrowed: the data that it borrows.
        """
        data = {**self.data, self.borrows: borrowed} if borrowed else self.data
        size = {} if self.fixed else {"width": EXPORT_WIDTH}
        return {
            **self.spec,
            **size,
            "config": config(alone=True),
            "title": self.title,
            "datasets": {name: rows_of(columns) for name, columns in data.items()},
        }


def rows_of(columns: Columns) -> list[dict[str, Any]]:
    """Columns as one mapping per row."""
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def specification(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """What altair makes of a chart, checked against the schema, without its own settings."""
    spec = chart.to_dict()
    spec.pop("config", None)
    return spec


def schema_version() -> str:
    """The version of Vega-Lite that specifications are of, such as 6.1."""
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def significant(value: float | None, digits: int = 4) -> float | None:
    """A number rounded to some significant digits, as no reader sees more; null where infinite,
    which JSON has no number for."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def number(value: float | None) -> str:
    """A number for reading: four significant digits, thousands separated, a dash for null."""
    if value is None:
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
    if "e" in text and 1 <= abs(value) < 1e15:
        text = f"{value:,.0f}"
    return text.replace("-", "−")
