"""What `hardness build` prints of shards that are there."""

from __future__ import annotations

from rich.text import Text

from hardness.cli.console import command, number, say, size
from hardness.curriculum.build import BuildResult
from hardness.curriculum.manifest import Manifest
from hardness.io.metric import full_name


def print_built(result: BuildResult) -> None:
    """What a build did, and what to type next, line by line."""
    manifest = result.manifest
    total = size(sum(shard.bytes for shard in manifest.shards))
    done = "already there, nothing written" if result.cached else "written"
    lines = {"shards": f"{len(manifest.shards):,} {done} in {result.seconds:.1f} s, {total}"}
    print_lines(lines | described(manifest) | {"folder": str(result.path)})
    say()
    say(f"next: {command('hardness', 'train', result.path, '-o', 'run')}")


def described(manifest: Manifest) -> dict[str, str]:
    """What was, or would be, built: a name and a line for each part."""
    curriculum, stats, times = manifest.curriculum, manifest.hardness, manifest.occurrences
    nulls, left_out = stats["nulls"], times["never"]
    metric = manifest.metric
    by = f"by {full_name(metric['name'], metric['column'])} ({metric['direction']} is harder)"
    lines = {"records": f"{times['records']:,}"}
    if left_out:
        lines["records"] += f" of {times['records'] + left_out:,}"
    if nulls:
        lines["records"] += f", {nulls:,} without a score ({curriculum['nulls']})"
    if curriculum["select"]:
        lines["selection"] = f"{curriculum['select']} {by}"
    if curriculum["admit"]:
        lines["admission"] = curriculum["admit"]
    else:
        lines["order"] = f"{curriculum['order']} {by}"
    if curriculum["keep_random"]:
        lines["at random"] = f"{curriculum['keep_random']:.3g} of the records"
    if manifest.epochs > 1 or manifest.repeats:
        lines["positions"] = f"{manifest.rows:,} in {_epochs(manifest.epochs)}, {_often(manifest)}"
    low, mean, high = (number(stats[name]) for name in ("min", "mean", "max"))
    lines["hardness"] = f"{low} to {high}, mean {mean} ({curriculum['normalize']})"
    if manifest.weighting is not None:
        lines["weight"] = str(manifest.weighting["name"])
    return lines


def print_lines(lines: dict[str, str]) -> None:
    """Names at the left, dim."""
    width = max(map(len, lines)) + 2
    for name, line in lines.items():
        say(Text.assemble((name.ljust(width), "dim"), line))


def _epochs(count: int) -> str:
    return f"{count:,} epoch{'' if count == 1 else 's'}"


def _often(manifest: Manifest) -> str:
    """How often a record comes."""
    times = [int(number) for number in manifest.occurrences["times"]]
    least, most = min(times, default=0), max(times, default=0)
    if least == most:
        return f"each record {most:,} time{'' if most == 1 else 's'}"
    return f"each record {least:,} to {most:,} times"
