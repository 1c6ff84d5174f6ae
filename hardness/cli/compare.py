"""`hardness compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hardness.cli.options import Memory, Scheduler, Threads, Workers, output_option


def compare(
    experiment: Annotated[
        Path, typer.Argument(help="YAML file that says what is compared.", show_default=False)
    ],
    output: Annotated[
        Path | None, output_option("Folder of all runs.", "named after the file")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="How many seeds.", show_default="those of the file, or 8"),
    ] = None,
    match: Annotated[
        bool,
        typer.Option(
            help="Also run the baseline at the learning rate that a weighting amounts to."
        ),
    ] = True,
    run_threads: Annotated[int, typer.Option(min=1, help="Threads of each training process.")] = 1,
    threads: Threads = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    memory: Memory = "4GB",
) -> None:
    """Compare curricula and weightings over several seeds, with statistics.

    Every arm of the experiment is trained with every seed, some at a time. The
    same command again goes on where it was. It says so plainly where nothing is
    significant. Needs the `compare` extra.

        hardness compare experiment.yaml
    """
    from rich.text import Text

    from hardness.cli.console import console, progress, say
    from hardness.cli.summary import grouped
    from hardness.experiments.compare import CURVES, SUMMARY
    from hardness.experiments.compare import compare as run
    from hardness.experiments.rows import head, notes, rows

    with progress() as bars:
        result = run(
            experiment,
            output=output,
            seeds=seeds,
            match=match,
            run_threads=run_threads,
            threads=threads,
            workers=workers,
            scheduler=scheduler,
            memory=memory,
            progress=bars,
        )
    found = result.comparison
    for table in grouped([head(found), *rows(found)]):
        console.print(table)
        say()
    for line in (*found.conclusion, "", *notes(found)):
        console.print(Text(line))
    say()
    say(f"results: {result.folder / SUMMARY}")
    say(f"curves:  {result.folder / CURVES}")
