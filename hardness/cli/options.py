"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated, Any

import typer

PANEL = "Where it runs"

Data = Annotated[
    list[str],
    typer.Argument(
        help="Files, globs or URLs: JSONL, CSV, TSV, Parquet, Arrow, text; .gz and .zst too.",
        show_default=False,
    ),
]
Table = Annotated[
    str,
    typer.Argument(
        help="A hardness table: the folder that `score` wrote, a URL too.", show_default=False
    ),
]
Shards = Annotated[
    str,
    typer.Argument(help="Folder that `hardness build` wrote, a URL too.", show_default=False),
]
ExamplesBy = Annotated[
    str | None,
    typer.Option(
        help="Metric, or metric.column, that orders the examples.", show_default="the first metric"
    ),
]
Text = Annotated[
    str | None,
    typer.Option(help="Text columns, comma-separated, joined by a space.", show_default="detected"),
]
OnError = Annotated[
    str,
    typer.Option(help="What to do with a bad record: `raise`, or `skip` it into rejects.jsonl."),
]

Threads = Annotated[
    int | None,
    typer.Option(
        help="Tasks at a time in this process.",
        show_default="all cores",
        rich_help_panel=PANEL,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Start that many worker processes on this machine instead.",
        show_default=False,
        rich_help_panel=PANEL,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Address of a running Dask scheduler to use instead, such as tcp://host:8786. Its "
        "workers must see the same files under the same paths.",
        show_default=False,
        rich_help_panel=PANEL,
    ),
]
Memory = Annotated[
    str,
    typer.Option(
        help="Memory to stay below, such as `1GB`; the rest goes to files. Libraries and what "
        "each thread works on may take 0.6 GB and more in any case.",
        rich_help_panel=PANEL,
    ),
]
Work = Annotated[
    str | None,
    typer.Option(
        help="Local folder for those files.",
        show_default="in the output, or in ~/.cache",
        rich_help_panel=PANEL,
    ),
]


def output_option(help: str, default: str | bool) -> Any:
    """`--output`, `-o`.

    Args:
        help: what it is.
        default: what is said to be its default; True for the value itself, False for nothing.
    """
    return typer.Option("--output", "-o", help=help, show_default=default)
