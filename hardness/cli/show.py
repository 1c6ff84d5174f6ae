"""`hardness show`."""

from __future__ import annotations

from typing import Annotated

import typer


def show(
    table: Annotated[
        str,
        typer.Argument(
            help="A hardness table: the folder that `score` wrote, a URL too.", show_default=False
        ),
    ],
    by: Annotated[
        str | None,
        typer.Option(
            help="Metric, or metric.column, that orders the examples.  [default: the first metric]",
            show_default=False,
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="How many of the hardest records to show.")] = 3,
    bottom: Annotated[
        int, typer.Option(min=0, help="How many of the easiest records to show.")
    ] = 3,
) -> None:
    """Show what a hardness table holds: each metric's summary, and the records at both ends.

    hardness show data.hardness --top 10
    """
    from hardness.cli.console import console
    from hardness.cli.summary import print_examples, print_metric
    from hardness.errors import HardnessError
    from hardness.io.examples import find_examples
    from hardness.io.table import open_table

    opened = open_table(table)
    if not opened.metrics:
        raise HardnessError(f"table must hold a finished metric, got none in {table}; score again")
    console.print(f"{table}: {opened.rows:,} records\n")
    for name in opened.metrics:
        print_metric(opened.metric(name))
        console.print()
    if top or bottom:
        with opened.dataset(on_error="skip") as dataset:
            print_examples(
                find_examples(opened, dataset, by or opened.metrics[0], easiest=bottom, hardest=top)
            )
