"""Examples: the easiest, the hardest and the most ambiguous records, with their texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hardness.io.metric import full_name
from hardness.io.table import HardnessTable
from hardness.reporting.figure import Words, number

COUNT = 10
"""Records of each kind."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Some records in an order, by a column.

    Attributes:
        kind: `easy`, `ambiguous` or `hard`.
        title: what they are.
        column: what they are in order of.
        rows: their global rows, in order.
        scores: their values, in order.
    """

    kind: str
    title: str
    column: str
    rows: tuple[int, ...]
    scores: tuple[float, ...]


def choose(table: HardnessTable, by: str) -> list[Chosen]:
    """The easiest and the hardest by a column, and the most ambiguous where that is known.

    Raises:
        HardnessError: there is no such column, or it says nothing of hardness.
    """
    info, column = table.resolve(by)
    by, shown = f"{info.name}.{column}", full_name(info.name, column)
    falling = info.direction_of(column) == "higher"
    chosen = [
        _end(table, by, "easy", f"Easiest by {shown}", descending=not falling),
        _end(table, by, "hard", f"Hardest by {shown}", descending=falling),
    ]
    variable = variability(table)
    if variable is not None:
        title = "Most ambiguous: the confidence varied most between epochs"
        chosen.insert(1, _end(table, variable, "ambiguous", title, descending=True))
    return [choice for choice in chosen if choice.rows]


def variability(table: HardnessTable) -> str | None:
    """The column that tells how ambiguous records are; None where there is none."""
    for metric in table.metrics:
        if "variability" in table.metric(metric).columns:
            return f"{metric}.variability"
    return None


def _end(table: HardnessTable, by: str, kind: str, title: str, *, descending: bool) -> Chosen:
    order = [pl.col("value").cast(pl.Float64) * (-1 if descending else 1), pl.col("row")]
    scores = table.column(by).drop_nulls("value")
    found = scores.bottom_k(COUNT, by=order).sort(*order).collect(engine="streaming")
    return Chosen(
        kind=kind,
        title=title,
        column=by,
        rows=tuple(found["row"].to_list()),
        scores=tuple(found["value"].to_list()),
    )


def example_words(chosen: Sequence[Chosen], texts: Mapping[int, Mapping[str, str]]) -> list[Words]:
    """The tables of examples.

    Args:
        chosen: what to show.
        texts: row to what is known of `label`, `suggested` and `text`.
    """
    known = {name for record in texts.values() for name in record}
    headings = ("row", "score", *(name for name in ("label", "suggested", "text") if name in known))
    tables = []
    for choice in chosen:
        rows = []
        for row, score in zip(choice.rows, choice.scores, strict=True):
            record = texts.get(row, {})
            said = [record.get(name) or "–" for name in headings[2:]]
            rows.append((f"{row:,}", number(score), *said))
        tables.append(
            Words(
                headings=(headings[0], full_name(*choice.column.split(".", 1)), *headings[2:]),
                rows=tuple(rows),
                numeric=frozenset({0, 1}),
                caption=choice.title,
                kind=choice.kind,
            )
        )
    return tables
