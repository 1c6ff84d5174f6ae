"""`hardness show`."""

from __future__ import annotations

from typing import Annotated

import typer

from hardness.cli.options import ExamplesBy, Table


def show(
    table: Table,
    by: ExamplesBy = None,
    top: Annotated[int, typer.Option(min=0, help="How many of the hardest records to show.")] = 3,
    bottom: Annotated[
        int, typer.Option(min=0, help="How many of the easiest records to show.")
    ] = 3,
) -> None:
    """Show what a hardness table holds: each metric's summary, and the records at both ends.

    hardness show data.hardness --top 10
    """
    from hardness.cli.console import say
    from hardness.cli.summary import print_examples, print_metric
    from hardness.errors import HardnessError
    from hardness.io.examples import find_examples
    from hardness.io.table import open_table

    opened = open_table(table)
    if not opened.metrics:
        raise HardnessError(f"table must hold a finished metric, got none in {table}; score again")
    # Everything that can be wrong is found before the first line is printed.
    infos = [opened.metric(name) for name in opened.metrics]
    examples = None
    by = by or infos[0].name
    if top or bottom:
        with opened.dataset(on_error="skip") as dataset:
            examples = find_examples(opened, dataset, by, easiest=bottom, hardest=top)
    else:
        info, column = opened.resolve(by)
        info.direction_of(column)
    say(f"{table}: {opened.rows:,} records\n")
    for info in infos:
        print_metric(info)
        say()
    if examples is not None:
        print_examples(examples)
