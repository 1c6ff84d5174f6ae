"""What `hardness demo` shows."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from hardness.cli.console import console, say
from hardness.demo.run import DemoResult


def announce(command: str) -> None:
    """A step begins: the command that does the same."""
    say(Text.assemble(("$ ", "dim"), command))


def print_demo(result: DemoResult) -> None:
    """The two tables, and where everything lies."""
    say()
    console.print(_accuracies(result))
    say()
    console.print(_tiers(result))
    say(f"Spearman correlation of perplexity with the tier: {result.tier_correlation:+.2f}")
    say()
    for what, where in _places(result):
        say(f"{what:<11} {where}")
    say(f"\n{result.seconds:.0f} s in all")


def _accuracies(result: DemoResult) -> Table:
    table = Table(
        title="Accuracy on clean evaluation data (chance: 33.3%)",
        title_justify="left",
    )
    table.add_column("trained on")
    for heading in ("accuracy", "loss (nats)", "seconds"):
        table.add_column(heading, justify="right")
    best = max(arm.accuracy for arm in result.arms)
    for arm in result.arms:
        table.add_row(
            arm.name,
            f"{arm.accuracy:.1%}",
            f"{arm.loss:.3f}",
            f"{arm.seconds:.0f}",
            style="bold" if arm.accuracy == best else None,
        )
    return table


def _tiers(result: DemoResult) -> Table:
    table = Table(title="Perplexity of the training records by tier", title_justify="left")
    for heading in ("tier", "records", "wrong labels", "mean", "median"):
        table.add_column(heading, justify="right")
    for tier in result.tiers:
        table.add_row(
            str(tier.tier),
            f"{tier.rows:,}",
            f"{tier.flipped:,}",
            f"{tier.mean:.2f}",
            f"{tier.median:.2f}",
        )
    return table


def _places(result: DemoResult) -> list[tuple[str, object]]:
    return [
        ("train", result.train),
        ("eval", result.evaluation),
        ("scores", result.table),
        ("shards", result.folder / "shards"),
        ("runs", result.folder / "runs"),
    ]
