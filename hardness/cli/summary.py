"""What `score` and `show` print about a metric."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from rich.cells import cell_len, chop_cells
from rich.table import Table
from rich.text import Text

from hardness.cli.console import command, console, excerpt, human, number, plain_table, say
from hardness.io.examples import Examples
from hardness.io.metric import MetricInfo, full_name
from hardness.io.table import HardnessTable
from hardness.metrics import metrics
from hardness.metrics.heading import made_with

# Of the quantiles that metric.json has, those that a terminal of 80 columns has no room for.
_LEFT_OUT = ("0.25", "0.75")
_GAP = 2
"""Spaces between columns."""


def print_metric(info: MetricInfo) -> None:
    """What decided its numbers, counts, and the quantiles of every column."""
    parameters = made_with(info.parameters)
    say(Text.assemble((info.name, "bold"), f"  ({parameters})" if parameters else ""))
    for table in _fitting([_headings(info), *(_numbers(info, name) for name in info.columns)]):
        console.print(table)


def _headings(info: MetricInfo) -> list[str]:
    quantiles = (_quantile_name(float(quantile)) for quantile in _quantiles(info))
    return ["column", "nulls", "mean", *quantiles, "harder"]


def _numbers(info: MetricInfo, column: str) -> list[str]:
    summary = info.summary[column]
    values = [summary.get("quantiles", {}).get(quantile) for quantile in _quantiles(info)]
    return [
        column,
        f"{summary['nulls']:,}",
        *map(number, (summary.get("mean"), *values)),
        info.directions.get(column, ""),
    ]


def _quantiles(info: MetricInfo) -> list[str]:
    known = info.summary[info.columns[0]]["quantiles"]
    return [quantile for quantile in known if quantile not in _LEFT_OUT]


def _fitting(rows: Sequence[Sequence[str]]) -> list[Table]:
    """The rows as a table or, where the terminal is too narrow for its numbers, as columns.

    Args:
        rows: the first of them headings; the first of each its name.
    """
    if _fits(rows):
        return [_table(rows, left=("harder",))]
    return grouped(list(zip(*rows, strict=True)))


def grouped(rows: Sequence[Sequence[str]], *, left: Collection[str] = ()) -> list[Table]:
    """The rows as tables of as many columns as the terminal has room for, the first one in each.

    Args:
        rows: the first of them headings; the first of each its name, which may have several lines.
        left: headings of other columns that hold words, not numbers.
    """
    names, *columns = zip(*rows, strict=True)
    groups: list[list[Sequence[str]]] = [[]]
    for column in columns:
        if groups[-1] and not _fits(list(zip(names, *groups[-1], column, strict=True))):
            groups.append([])
        groups[-1].append(column)
    return [_table(list(zip(names, *group, strict=True)), left=left) for group in groups]


def folded_names(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """The rows with their names on several lines where the terminal has no room for them on one.

    Names are broken behind `/`, `-`, `_` and `.`: so that all columns fit or, where that does not
    help, to half the terminal. Words are broken where a column would have no room beside them.

    Args:
        rows: the first of them headings; the first of each its name.
    """
    others = [cells[1:] for cells in rows]
    room = console.width - _width(others) - _GAP
    widest = max((cell_len(cell) for cells in others for cell in cells), default=0)
    beside = console.width - _GAP - widest
    if room < max(cell_len(part) for name, *_ in rows for part in _parts(name)):
        room = max(console.width // 4, min(console.width // 2, beside))
    return [
        [_folded(name, room, max(room, beside)), *cells]
        for (name, *_), cells in zip(rows, others, strict=True)
    ]


def _parts(name: str) -> list[str]:
    return re.findall(r"[^/_.-]*[/_.-]?", name)


def _folded(name: str, room: int, longest: int) -> str:
    lines = [""]
    for part in _parts(name):
        pieces = [part] if cell_len(part) <= longest else chop_cells(part, room)
        for piece in pieces:
            if lines[-1] and cell_len(lines[-1] + piece) > room:
                lines.append("")
            lines[-1] += piece
    return "\n".join(lines)


def _fits(rows: Sequence[Sequence[str]]) -> bool:
    return _width(rows) <= console.width


def _width(rows: Sequence[Sequence[str]]) -> int:
    """Cells of the terminal that a table of the rows takes."""
    widths = [
        max(cell_len(line) for cell in cells for line in cell.split("\n"))
        for cells in zip(*rows, strict=True)
    ]
    return sum(widths) + _GAP * (len(widths) - 1)


def _table(rows: Sequence[Sequence[str]], *, left: Collection[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    fits = _fits(rows)
    for index, heading in enumerate(rows[0]):
        right = index > 0 and heading not in left
        justify = "right" if right else "left"
        # Not even one column beside the names: then cells are folded, so that none is cut.
        table.add_column(heading, justify=justify, no_wrap=fits, overflow="fold")
    for row in rows[1:]:
        table.add_row(*map(Text, row))
    return table


def _quantile_name(quantile: float) -> str:
    return {0.0: "min", 0.5: "median", 1.0: "max"}.get(quantile, f"{quantile:.0%}")


def print_examples(examples: Examples) -> None:
    """The records at both ends of a column, with their texts."""
    by = full_name(examples.by.partition(".")[0], examples.column)
    for end in ("easiest", "hardest"):
        chosen = getattr(examples, end)
        if not chosen:
            continue
        say(Text(f"{end} by {by}", "italic"))
        grid = plain_table()
        grid.add_column("row", justify="right", no_wrap=True)
        grid.add_column(examples.column, justify="right", no_wrap=True)
        grid.add_column("text")
        for example in chosen:
            text = Text(excerpt(example.text))
            grid.add_row(f"{example.row:,}", number(example.score), text)
        console.print(grid)
        say()


def print_next(table: HardnessTable, info: MetricInfo) -> None:
    """Where the scores are, and a command that builds shards by them, if there is one."""
    say(f"table: {table.path}")
    nulls = info.summary[info.columns[0]]["nulls"]
    if nulls == info.rows:
        say(f"no record has a score of {info.name}{_why_null(info)}; shards need one")
        return
    build = ["hardness", "build", table.path]
    if len(table.metrics) > 1:
        build += ["--by", info.name]
    build += ["--order", "ascending", *(["--nulls", "drop"] if nulls else []), "-o", "shards"]
    say(f"next:  {command(*build)}")


def _why_null(info: MetricInfo) -> str:
    if info.rows == 1 and info.parameters.get("holdout") in ("record", "group"):
        return ", as beside a single record nothing is left to fit on"
    rule = metrics.get(info.name).nulls if metrics.has(info.name) else ""
    return f", which is null for {rule}" if rule else ""


def rate(tokens: int, seconds: float) -> str:
    """Tokens a second."""
    return f"{human(tokens / seconds)} tokens/s"
