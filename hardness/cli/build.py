"""`hardness build`: from a hardness table to shards in training order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hardness.cli.options import Memory, Scheduler, Threads, Work, Workers

if TYPE_CHECKING:
    from rich.text import Text

    from hardness.curriculum.build import BuildResult


def build(
    table: Annotated[
        str, typer.Argument(help="The hardness table that `hardness score` wrote, a URL too.")
    ],
    by: Annotated[
        str | None,
        typer.Option(
            help="What to order by: `metric` or `metric.column`.",
            show_default="the table's only metric",
        ),
    ] = None,
    order: Annotated[
        str,
        typer.Option(help="`ascending` (easy to hard), `descending` (hard to easy) or `random`."),
    ] = "ascending",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder for the shards, a URL too.",
            show_default="beside the table",
        ),
    ] = None,
    normalize: Annotated[
        str,
        typer.Option(
            help="How scores become hardness in [0, 1]: `rank`, `minmax`, `zscore`, or `none` if "
            "they are in [0, 1] already."
        ),
    ] = "rank",
    nulls: Annotated[
        str,
        typer.Option(
            help="Records without a score: `error`, `drop` them, or train on them `first` or "
            "`last`."
        ),
    ] = "error",
    weighting: Annotated[
        str | None,
        typer.Option(help="Add a column `weight` for the loss, for example `s-loss`."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the order.")] = 0,
    shard_rows: Annotated[
        int | None,
        typer.Option(help="Records in a shard.", show_default="about 64 MiB of the data"),
    ] = None,
    work: Work = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Build again and replace what the output folder holds."),
    ] = False,
    threads: Threads = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    memory: Memory = "4GB",
) -> None:
    """Put the records in training order and write them as Parquet shards.

    The same command again finds the finished shards; after an interruption it goes on where it
    stopped.
    """
    from hardness.cli.console import progress, say
    from hardness.curriculum.build import build as run

    with progress() as bars:
        result = run(
            table,
            by=by,
            order=order,
            normalize=normalize,
            seed=seed,
            shard_rows=shard_rows,
            nulls=nulls,
            weighting=weighting,
            output=output,
            memory=memory,
            work=work,
            overwrite=overwrite,
            threads=threads,
            workers=workers,
            scheduler=scheduler,
            progress=bars,
        )
    for line in summary(result):
        say(line)


def summary(result: BuildResult) -> list[Text]:
    """What a build did, and what to type next, line by line."""
    from rich.text import Text

    from hardness.cli.console import command, number

    manifest = result.manifest
    metric = manifest.metric["name"]
    if manifest.metric["column"] != metric:
        metric += f".{manifest.metric['column']}"
    size = sum(shard.bytes for shard in manifest.shards)
    stats = manifest.hardness
    low, mean, high = (number(stats[name]) for name in ("min", "mean", "max"))
    done = "already there, nothing written" if result.cached else "written"
    done += f" in {result.seconds:.1f} s"
    nulls = stats["nulls"]
    lines = {
        "shards": f"{len(manifest.shards):,} {done}, {size / 1e6:,.1f} MB",
        "records": f"{manifest.occurrences['records']:,}"
        + (f", {nulls:,} without a score ({manifest.curriculum['nulls']})" if nulls else ""),
        "order": f"{manifest.curriculum['order']} by {metric} "
        f"({manifest.metric['direction']} is harder)",
        "hardness": f"{low} to {high}, mean {mean} ({manifest.curriculum['normalize']})",
        "folder": str(result.path),
    }
    if manifest.repeats:
        most = manifest.occurrences["most"]
        lines["positions"] = f"{result.rows:,}, one record up to {most:,} times"
    if manifest.weighting is not None:
        lines["weight"] = str(manifest.weighting["name"])
    width = max(map(len, lines)) + 2
    told = [Text.assemble((name.ljust(width), "dim"), line) for name, line in lines.items()]
    follow = command("hardness", "train", result.path, "-o", "run")
    return [*told, Text(), Text(f"next: {follow}")]
