"""`hardness suspects`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hardness.cli.options import Memory, Table, output_option

if TYPE_CHECKING:
    from hardness.stages.suspects import Suspects


def suspects(
    table: Table,
    by: Annotated[
        str | None,
        typer.Option(
            help="Rank by these scores, comma-separated: `metric` or `metric.column`.",
            show_default="confidence and aum of cartography, or ngram-pvi",
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="How many to show.")] = 10,
    output: Annotated[
        str | None,
        output_option("File for all of them: .jsonl, .csv or .parquet, a URL too.", False),
    ] = None,
    memory: Memory = "4GB",
) -> None:
    """Rank the records whose label is likely wrong, with the label that the model suggests.

    Works best on scores of models that did not train on the record they judge:

        hardness score data.jsonl --metric cartography --proxy linear

        hardness suspects data.hardness --top 20 -o suspects.csv
    """
    from hardness.stages.suspects import suspects as run

    _report(run(table, by=by, top=top, output=output, memory=memory))


def _report(found: Suspects) -> None:
    from rich.text import Text

    from hardness.cli.console import console, excerpt, number, plain_table, say

    say(f"{found.count:,} records ranked by {' and '.join(found.by)}")
    if found.nulls:
        say(f"{found.nulls:,} records without a score are left out")
    if found.disagreeing is not None:
        say(f"for {found.disagreeing:,} of them the model suggests another label")
    if found.in_sample:
        say(
            "the scores are in-sample: the model was trained on these labels and has learnt many "
            "of the wrong ones, which this misses"
        )
    if found.top:
        suggests = any(suspect.suggested is not None for suspect in found.top)
        scores = list(found.top[0].scores)
        grid = plain_table()
        for name in ("row", *scores):
            grid.add_column(name, justify="right", no_wrap=True)
        for name in ("given", *(["suggested"] if suggests else [])):
            grid.add_column(name, overflow="fold")
        grid.add_column("text")
        for suspect in found.top:
            labels = [suspect.given, *([suspect.suggested] if suggests else [])]
            grid.add_row(
                f"{suspect.row:,}",
                *(number(suspect.scores[name]) for name in scores),
                *(Text("-" if label is None else label) for label in labels),
                Text(excerpt(suspect.text)),
            )
        say()
        console.print(grid)
    if found.output is not None:
        say()
        say(f"all of them: {found.output}")
