"""What `score` and `show` print about a metric."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from hardness.cli.console import console, excerpt, human, number
from hardness.io.examples import Examples
from hardness.io.metric import MetricInfo

# Of the quantiles that metric.json has, those that a terminal of 80 columns has no room for.
_LEFT_OUT = ("0.25", "0.75")


def print_metric(info: MetricInfo) -> None:
    """Counts, and the quantiles of every column."""
    parameters = ", ".join(f"{name} {value}" for name, value in info.parameters.items())
    console.print(f"[bold]{info.name}[/bold]  ({parameters})" if parameters else info.name)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("column", no_wrap=True)
    quantiles = [q for q in info.summary[info.columns[0]]["quantiles"] if q not in _LEFT_OUT]
    for name in ("nulls", "mean", *(_quantile_name(float(q)) for q in quantiles)):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("harder")
    for column in info.columns:
        summary = info.summary[column]
        values = [summary.get("quantiles", {}).get(q) for q in quantiles]
        table.add_row(
            column,
            f"{summary['nulls']:,}",
            number(summary.get("mean")),
            *map(number, values),
            info.directions.get(column, ""),
        )
    console.print(table)


def _quantile_name(quantile: float) -> str:
    return {0.0: "min", 0.5: "median", 1.0: "max"}.get(quantile, f"{quantile:.0%}")


def print_examples(examples: Examples) -> None:
    """The records at both ends of a column, with their texts."""
    for end in ("easiest", "hardest"):
        chosen = getattr(examples, end)
        if not chosen:
            continue
        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
        grid.title = f"{end} by {examples.by}"
        grid.add_column("row", justify="right", no_wrap=True)
        grid.add_column(examples.column, justify="right", no_wrap=True)
        grid.add_column("text")
        for example in chosen:
            text = escape(excerpt(example.text))
            grid.add_row(f"{example.row:,}", number(example.score), text)
        console.print(grid)
        console.print()


def rate(tokens: int, seconds: float) -> str:
    """Tokens a second."""
    return f"{human(tokens / seconds)} tokens/s"
