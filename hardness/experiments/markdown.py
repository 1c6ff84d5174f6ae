"""A comparison as Markdown."""

from __future__ import annotations

from hardness.experiments.analysis import Comparison
from hardness.experiments.rows import head, notes, rows


def as_markdown(comparison: Comparison) -> str:
    """The table, what its columns mean, and the conclusion."""
    lines = [_line(head(comparison)), _line(["---"] * len(head(comparison)))]
    lines += [_line(row) for row in rows(comparison)]
    said = [" ".join(comparison.conclusion), *notes(comparison)]
    return "\n".join([*lines, "", "\n\n".join(said), ""])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
