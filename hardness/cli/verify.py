"""`hardness verify`: whether shards are what the build wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hardness.cli.options import Shards

if TYPE_CHECKING:
    from hardness.curriculum.verify import Verification


def verify(
    shards: Shards,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Read positions, rows and hardness of the records too."),
    ] = False,
) -> None:
    """Check that shards are whole and unchanged, and name every one that is not.

    Missing, truncated, altered and foreign shards are listed, and the exit code
    is 2 then.
    """
    from hardness.cli.console import progress, say
    from hardness.curriculum.verify import verify as run

    with progress() as bars:
        result = run(shards, deep=deep, progress=bars)
    result.require()
    say(summary(result))


def summary(result: Verification) -> str:
    """That shards are intact, in one line."""
    from hardness.cli.console import size

    manifest = result.manifest
    total = size(sum(shard.bytes for shard in manifest.shards))
    checked = "digests, positions and occurrences" if result.deep else "digests"
    count = len(manifest.shards)
    return (
        f"intact: {count:,} shard{'s' if count != 1 else ''}, {manifest.rows:,} positions of "
        f"{manifest.occurrences.get('records', manifest.rows):,} records, {total} "
        f"({checked})"
    )
