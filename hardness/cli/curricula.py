"""`hardness curricula`: the ready-made curricula."""

from __future__ import annotations

from typing import Annotated

import typer

curricula = typer.Typer(
    help="List, show and copy the ready-made curricula of `hardness build --curriculum`.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Name = Annotated[str, typer.Argument(help="Name of the curriculum.", show_default=False)]


@curricula.command("list")
def list_() -> None:
    """Name every curriculum, and say what it is for."""
    from rich.table import Table
    from rich.text import Text

    from hardness.cli.console import console, say
    from hardness.curriculum.spec import header, shipped

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    for name, path in shipped().items():
        grid.add_row(name, Text(header(path).get("title", "")))
    console.print(grid)
    say("\nnext: hardness curricula show NAME")


@curricula.command()
def show(name: Name) -> None:
    """Print a curriculum: what it does, when to use it, and its settings."""
    from hardness.cli.console import say
    from hardness.curriculum.spec import find_spec

    say(find_spec(name).read_text(encoding="utf-8").rstrip("\n"))


@curricula.command()
def copy(
    name: Name,
    file: Annotated[
        str, typer.Argument(help="File to write.", show_default="NAME.yaml in this folder")
    ] = "",
) -> None:
    """Copy a curriculum into a file that you can change."""
    from pathlib import Path

    from hardness.cli.console import command, say
    from hardness.curriculum.spec import SUFFIX, find_spec
    from hardness.errors import HardnessError
    from hardness.io.atomic import atomic_path

    target = Path(file or f"{Path(name).stem}{SUFFIX}")
    if target.exists():
        raise HardnessError(f"file must be new, got {str(target)!r}; name another")
    with atomic_path(target) as temporary:
        temporary.write_bytes(find_spec(name).read_bytes())
    say(f"file: {target}")
    say(f"next: {command('hardness', 'build', 'data.hardness', '--curriculum', target)}")
