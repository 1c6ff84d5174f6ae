"""What `hardness build --dry-run` and `--explain` print."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.text import Text

from hardness.cli.build_report import described, print_lines
from hardness.cli.console import console, excerpt, number, plain_table, say
from hardness.curriculum.explain import Explanation, Part, explain
from hardness.curriculum.prepare import Prepared
from hardness.curriculum.preview import Curve, Placed, curve, first_and_last

ENDS = 3
"""Records shown from each end."""
WIDTH, HEIGHT = 64, 10
"""Characters of the plot."""
EIGHTHS = " ▁▂▃▄▅▆▇█"
"""Bars by their height in eighths of a line."""
SHOWN_POSITIONS = 10


def print_preview(prepared: Prepared) -> None:
    """Counts, both ends, and mean hardness by position; nothing has been written."""
    manifest = prepared.manifest
    shards = -(-manifest.rows // manifest.shard_rows)
    lines = {"shards": f"{shards:,} to write (dry run, nothing written)"}
    print_lines(lines | described(manifest) | {"folder": str(prepared.path)})
    first, last = first_and_last(prepared, ENDS)
    _print_records("first", first)
    _print_records("last", last)
    if manifest.hardness["mean"] is not None:
        say()
        say(Text("mean hardness by training position", "italic"))
        for line in bar_plot(curve(prepared.keys, WIDTH), ascii_only=_ascii_only()):
            say(line)


def bar_plot(found: Curve, *, ascii_only: bool = False) -> list[str]:
    """A bar for each bin, a line a tenth of hardness, and both axes.

    Args:
        found: at most `WIDTH` bins.
        ascii_only: draw with # where the terminal has no blocks.
    """
    heights = np.nan_to_num(found.mean) * HEIGHT
    lines = []
    for level in range(HEIGHT - 1, -1, -1):
        eighths = np.clip(np.round((heights - level) * 8), 0, 8).astype(int)
        bars = "".join(("#" if n >= 4 else " ") if ascii_only else EIGHTHS[n] for n in eighths)
        label = {HEIGHT - 1: "1.0", HEIGHT // 2 - 1: "0.5", 0: "0.0"}.get(level, "")
        lines.append(f"{label:>4} {'|' if ascii_only else '┤'}{bars}".rstrip())
    end = f"{found.edges[-1]:,}"
    lines.append(
        f"{'':>5}{'+' if ascii_only else '└'}{('-' if ascii_only else '─') * len(heights)}"
    )
    lines.append(f"{'':>6}0{end:>{max(len(heights) - 1, len(end) + 1)}}")
    return lines


def print_explanation(prepared: Prepared, row: int) -> None:
    """From a record's raw scores to its places."""
    found = explain(prepared, row)
    say(Text(f"row {row:,}", "bold"))
    grid = plain_table()
    for heading in ("", "value", "harder", "harder than"):
        grid.add_column(heading, justify="right" if heading == "value" else "left")
    parts = list(found.columns)
    if found.terms or found.score.name not in {part.name for part in parts}:
        parts += [*found.terms, found.score]
    for part in parts:
        grid.add_row(Text(part.name), _value(part), part.direction or "", _share(part))
    console.print(grid)
    print_lines(_came_to(found))


def _came_to(found: Explanation) -> dict[str, str]:
    if found.hardness is None:
        lines = {"hardness": "none, as it has no score"}
    else:
        lines = {
            "hardness": f"{found.hardness:.6g} ({found.normalize})",
            "rank": f"{found.place:,} of {found.known:,} records are easier",
        }
    count = len(found.positions)
    shown = ", ".join(f"{position:,}" for position in found.positions[:SHOWN_POSITIONS])
    more = f" and {count - SHOWN_POSITIONS:,} more" if count > SHOWN_POSITIONS else ""
    lines["positions"] = f"{shown}{more}" if count else "none: it is not trained on"
    return lines


def _value(part: Part) -> str:
    return "null" if part.value is None else number(part.value)


def _share(part: Part) -> str:
    return "" if part.rank is None else f"{part.rank:.2%}"


def _print_records(end: str, records: Sequence[Placed]) -> None:
    if not records:
        return
    say()
    say(Text(f"{end} records", "italic"))
    grid = plain_table()
    for heading in ("position", "row", "hardness"):
        grid.add_column(heading, justify="right", no_wrap=True)
    grid.add_column("text")
    for record in records:
        grid.add_row(
            f"{record.position:,}",
            f"{record.row:,}",
            number(record.hardness),
            Text(excerpt(record.text)),
        )
    console.print(grid)


def _ascii_only() -> bool:
    try:
        EIGHTHS.encode(console.encoding)
    except (LookupError, UnicodeEncodeError):
        return True
    return False
