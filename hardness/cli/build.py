"""`hardness build`: from a hardness table to shards in training order."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hardness.cli import build_options as options
from hardness.cli.options import Memory, Scheduler, Table, Threads, Work, Workers, output_option

SETTINGS = (
    "by", "curriculum", "order", "select", "keep_random", "epochs", "admit", "normalize", "nulls",
    "weighting", "seed", "shard_rows", "output",
)  # fmt: skip
"""The options that decide what is built, rather than how."""


def build(
    table: Table,
    by: options.By = None,
    curriculum: options.Curriculum = None,
    order: options.Order = None,
    select: options.Select = None,
    keep_random: options.KeepRandom = None,
    epochs: options.Epochs = None,
    admit: options.Admit = None,
    normalize: options.Normalize = None,
    nulls: options.Nulls = None,
    weighting: options.Weighting = None,
    seed: options.Seed = None,
    output: Annotated[
        str | None, output_option("Folder for the shards, a URL too.", "beside the table")
    ] = None,
    dry_run: options.DryRun = False,
    explain: options.Explain = None,
    plot: options.Plot = None,
    shard_rows: Annotated[
        int | None,
        typer.Option(help="Records in a shard.", show_default="about 64 MiB of the data"),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Build again and replace what the output folder holds."),
    ] = False,
    threads: Threads = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    memory: Memory = "4GB",
    work: Work = None,
) -> None:
    """Put the records in training order and write them as Parquet shards.

    A selection says which records are trained on, an order says when.
    `--curriculum` names both ready-made, and `--dry-run` shows what they come to.

    The same command again finds the finished shards; after an interruption it
    goes on where it stopped.
    """
    given: dict[str, Any] = dict(locals())
    settings = {name: given[name] for name in SETTINGS}
    if dry_run or explain is not None or plot is not None:
        _preview(table, settings, explain=explain, plot=plot, told=dry_run)
    if dry_run or explain is not None:
        return
    from hardness.cli.build_report import print_built
    from hardness.cli.console import progress
    from hardness.curriculum.build import build as run

    with progress() as bars:
        result = run(
            table,
            **settings,
            memory=memory,
            work=work,
            overwrite=overwrite,
            threads=threads,
            workers=workers,
            scheduler=scheduler,
            progress=bars,
        )
    print_built(result)


def _preview(
    table: str, settings: dict[str, Any], *, explain: int | None, plot: str | None, told: bool
) -> None:
    """Say and draw what would be built."""
    from hardness.cli.build_preview import print_explanation, print_preview
    from hardness.cli.console import say
    from hardness.curriculum.prepare import prepare
    from hardness.errors import require

    if plot is not None:
        require("altair", "vl_convert")
    prepared = prepare(table, **settings)
    if told:
        print_preview(prepared)
    if explain is not None:
        print_explanation(prepared, explain)
    if plot is not None:
        from hardness.reporting.preview import save_plot

        save_plot(prepared, plot)
        say(f"plot: {plot}")
