"""`hardness build`: from a hardness table to shards in training order."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from hardness.cli.options import Memory, Scheduler, Threads, Work, Workers

if TYPE_CHECKING:
    from rich.console import Group

    from hardness.curriculum.build import BuildResult


def build(
    table: Annotated[
        str, typer.Argument(help="The hardness table that `hardness score` wrote, a URL too.")
    ],
    by: Annotated[
        str | None,
        typer.Option(
            help="What to order by: `metric` or `metric.column`. Not needed if the table has one "
            "metric."
        ),
    ] = None,
    order: Annotated[
        str,
        typer.Option(help="`ascending` (easy to hard), `descending` (hard to easy) or `random`."),
    ] = "ascending",
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", help="Folder for the shards, a URL too. Default: beside the table."
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
        typer.Option(help="Records in a shard. Default: about 64 MiB of the data."),
    ] = None,
    work: Work = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another build in the output folder.")
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
    from hardness.cli.console import console, progress
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
    console.print(summary(result))


def summary(result: BuildResult) -> Group:
    """What a build did, and what to type next, for the terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from hardness.cli.console import number

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
        "records": f"{result.rows:,}"
        + (f", {nulls:,} without a score ({manifest.curriculum['nulls']})" if nulls else ""),
        "order": f"{manifest.curriculum['order']} by {metric} "
        f"({manifest.metric['direction']} is harder)",
        "hardness": f"{low} to {high}, mean {mean} ({manifest.curriculum['normalize']})",
        "folder": str(result.path),
    }
    if manifest.weighting is not None:
        lines["weight"] = str(manifest.weighting["name"])
    grid = Table.grid(padding=(0, 2))
    for name, line in lines.items():
        grid.add_row(Text(name, "dim"), Text(line, overflow="fold"))
    follow = Text(f"\nnext: hardness train {shlex.quote(str(result.path))} -o run")
    return Group(grid, follow)
