"""`hardness report`."""

from __future__ import annotations

from typing import Annotated

import typer

from hardness.cli.options import ExamplesBy, output_option


def report(
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TABLE]...",
            help="Hardness tables: folders that `score` wrote, URLs too.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[
        list[str] | None,
        typer.Option(
            help="Folder of a run of `train`, or of several; may be repeated.", show_default=False
        ),
    ] = None,
    shards: Annotated[
        list[str] | None,
        typer.Option(help="Folder that `build` wrote; may be repeated.", show_default=False),
    ] = None,
    output: Annotated[
        str | None, output_option("The page; a folder for png and svg.", "report.html, or report")
    ] = None,
    by: ExamplesBy = None,
    format: Annotated[
        str, typer.Option(help="`html`, or each figure as a file: `png` or `svg`.")
    ] = "html",
    text: Annotated[
        bool,
        typer.Option(help="Show texts and labels, for which the data is read again."),
    ] = True,
) -> None:
    """Write a page that shows scores, curricula and trainings; it opens without a network.

    hardness report data.hardness --shards shards --runs run -o report.html
    """
    from hardness.cli.console import progress, say, size
    from hardness.reporting.report import report as run

    with progress() as bars:
        result = run(
            tables or [],
            runs=runs or [],
            shards=shards or [],
            output=output,
            by=by,
            format=format,
            text=text,
            progress=bars,
        )
    if format == "html":
        say(f"report: {result.output} ({size(result.bytes)})")
    else:
        say(f"figures: {result.output} ({len(result.files)} files)")
