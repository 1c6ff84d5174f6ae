"""`hardness combine`."""

from __future__ import annotations

from typing import Annotated

import typer

from hardness.cli.options import output_option


def combine(
    tables: Annotated[
        list[str],
        typer.Argument(
            help="A hardness table, or several of the same data as NAME=TABLE; URLs too.",
            show_default=False,
        ),
    ],
    name: Annotated[str, typer.Option(help="What the new metric is called.", show_default=False)],
    expr: Annotated[
        str | None,
        typer.Option(
            help="Arithmetic over columns: numbers, + - * / **, parentheses, `metric`, "
            "`metric.column` and with several tables `name.metric`; functions rank, minmax and "
            "zscore (hardness, higher is harder), log, exp, sqrt, abs, min, max, clip, coalesce.",
            show_default="for learnability, conditional and ifd their formulas",
        ),
    ] = None,
    harder: Annotated[
        str | None,
        typer.Option(
            help="Which end of its values is the harder one: `higher` or `lower`.",
            show_default="what the columns tell",
        ),
    ] = None,
    output: Annotated[
        str | None, output_option("Table to write the metric to, a URL too.", "the first table")
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Combine again and replace what the table holds of that name."
        ),
    ] = False,
) -> None:
    """Make a metric of others, by an expression over the columns of hardness tables.

    Nulls, and what is not a finite number, are null. A name that holds a sign
    may stand in backticks; one that is a metric of a table need not.

        hardness combine base=b.hardness tuned=t.hardness --name learnability
    """
    from hardness.cli.console import say
    from hardness.cli.summary import print_metric, print_next
    from hardness.stages.combine import combine as run

    result = run(tables, name=name, expr=expr, harder=harder, output=output, overwrite=overwrite)
    if result.cached:
        say(f"already there: {result.info.path} is of these columns and this expression")
    say(f"{result.info.rows:,} records combined")
    if result.undefined:
        say(f"{result.undefined:,} are null because the result is not a finite number")
    say()
    print_metric(result.info)
    say()
    print_next(result.table, result.info)
