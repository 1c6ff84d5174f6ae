"""`hardness metrics`."""

from __future__ import annotations


def metrics() -> None:
    """List every metric: what it measures, what it needs, which end is harder, where it is from."""
    from rich.table import Table
    from rich.text import Text

    from hardness.cli.console import console
    from hardness.io.metric import full_name
    from hardness.metrics import metrics as registry

    for name in sorted([*registry.names(), *registry.families()]):
        metric = registry.get(name)
        console.print(Text.assemble((name, "bold"), f"  {metric.summary}"))
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column()
        grid.add_row("  needs", Text(metric.needs))
        grid.add_row("  null for", Text(metric.nulls))
        grid.add_row("  source", Text(metric.source))
        for i, column in enumerate(metric.columns):
            key = full_name(name, column.name)
            harder = f"; {column.harder} is harder" if column.harder else ""
            alone = f"; `{name}` alone is this column" if i == 0 and key != name else ""
            grid.add_row(f"  {key}", Text(column.summary + harder + alone))
        console.print(grid)
        console.print()
