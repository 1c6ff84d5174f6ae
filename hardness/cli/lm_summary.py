"""What `lm` prints of its result."""

from __future__ import annotations

from hardness.cli.console import console, plain_table, plural, say
from hardness.cli.summary import rate
from hardness.stages.lm import LmResult


def print_lm(result: LmResult) -> None:
    """What was read, the n-grams and discounts of each order, and where the model is."""
    for line in result.detected:
        say(line)
    if result.rejects is not None:
        say(f"{plural(result.n_rejects, 'bad record')} left out, listed in {result.rejects}")
    table = plain_table()
    table.add_column("order", justify="right")
    table.add_column("n-grams", justify="right")
    for name in ("D1", "D2", "D3+") if result.discounts else ():
        table.add_column(name, justify="right")
    for order, size in enumerate(result.sizes, 1):
        amounts = result.discounts[order - 1].amounts if result.discounts else ()
        table.add_row(str(order), f"{size:,}", *(f"{amount:.4f}" for amount in amounts))
    console.print(table)
    say(
        f"{result.path}: {result.n_tokens:,} tokens of {result.n_records:,} records in "
        f"{result.seconds:.1f} s ({rate(result.n_tokens, result.seconds)})"
    )
