"""`list`, `show` and `copy` for the YAML files that come with hardness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from hardness.cli.flags import Command, Group
from hardness.io.shipped import Shelf

Name = Annotated[str, typer.Argument(help="A name of the list, or a file.", show_default=False)]


def shelf_commands(kind: str, use: Callable[[str], list[str]], shelf: Shelf) -> typer.Typer:
    """A group of commands for the files of one kind.

    Args:
        kind: what one is called.
        use: the command that uses a file, word by word.
        shelf: where they are.
    """
    group = typer.Typer(
        cls=Group,
        help=f"List, show and copy the ready-made files of `{' '.join(use('NAME'))}`.",
        no_args_is_help=True,
        rich_markup_mode="rich",
    )

    def list_() -> None:
        from rich.table import Table
        from rich.text import Text

        from hardness.cli.console import console, say
        from hardness.io.shipped import header

        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column()
        for name, path in shelf.files().items():
            grid.add_row(name, Text(header(path).get("title", "")))
        console.print(grid)
        say(f"\nnext: hardness {shelf.folder} show NAME")

    def show(
        name: Name,
    ) -> None:
        from hardness.cli.console import say

        say(shelf.find(name).read_text(encoding="utf-8").rstrip("\n"))

    def copy(
        name: Name,
        file: Annotated[
            str, typer.Argument(help="File to write.", show_default="NAME.yaml in this folder")
        ] = "",
    ) -> None:
        from pathlib import Path

        from hardness.cli.console import command, say
        from hardness.errors import HardnessError
        from hardness.io.atomic import atomic_path
        from hardness.io.shipped import SUFFIX

        target = Path(file or f"{Path(name).stem}{SUFFIX}")
        if target.exists():
            raise HardnessError(f"file must be new, got {str(target)!r}; name another")
        with atomic_path(target) as temporary:
            temporary.write_bytes(shelf.find(name).read_bytes())
        say(f"file: {target}")
        say(f"next: {command(*use(str(target)))}")

    group.command("list", cls=Command, help=f"Name every {kind}, and say what it is for.")(list_)
    group.command(
        cls=Command, help=f"Print a {kind}: what it does, when to use it, and its settings."
    )(show)
    group.command(cls=Command, help=f"Copy a {kind} into a file that you can change.")(copy)
    return group
