"""What the commands share in the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

# What is printed is names, paths and texts of the user's, in which nothing stands for a style.
console = Console(highlight=False, emoji=False)


def say(line: str | Text = "") -> None:
    """Print one line as it is: without markup, and never wrapped, so that it can be copied."""
    console.print(line, markup=False, soft_wrap=True)


def plain_table() -> Table:
    """A table without lines, whose columns stand two spaces apart."""
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))


def command(*words: object) -> str:
    """A command to type, quoted for the shell."""
    return shlex.join(map(str, words))


class _Rate(ProgressColumn):
    """Work done a second, in the stage's unit."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{human(speed)} {task.fields['unit']}/s", "dim")


class TerminalProgress:
    """Draws one bar a stage; nothing where the output is not a terminal."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task = None

    def start(self, stage: str, total: int, unit: str) -> None:
        self.end()
        self._task = self._bars.add_task(stage, total=total, unit=unit)

    def advance(self, amount: int) -> None:
        if self._task is not None:
            self._bars.advance(self._task, amount)

    def end(self) -> None:
        """Remove the bar of a stage that is over, where the next one is long in coming."""
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None


def make_bars(*columns: ProgressColumn) -> Bars:
    """Progress bars that leave nothing behind; off where stderr is not a terminal.

    They are drawn by `console` where that is on a terminal too: what it prints then stands above
    them. Where stdout goes into a file or a pipe, they are drawn on stderr.
    """
    errors = Console(stderr=True)
    together = _on_terminal(console)
    return Bars(
        *columns,
        console=console if together else errors,
        transient=True,
        disable=not _on_terminal(errors),
        # Into a file or a pipe, stdout is to go there and not above the bars.
        redirect_stdout=together,
    )


def _on_terminal(shown: Console) -> bool:
    """Whether it is on a terminal indeed, and not only told to draw as if it were (FORCE_COLOR)."""
    return shown.is_terminal and shown.file.isatty()


@contextmanager
def progress() -> Iterator[TerminalProgress]:
    """A progress display of stages, see `make_bars`."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with make_bars(*columns) as bars:
        yield TerminalProgress(bars)


def human(value: float) -> str:
    """A number with a metric suffix: 1234567 is 1.2 M."""
    for limit, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            return f"{value / limit:.1f}{suffix}"
    return f"{value:.0f}"


def size(count: int) -> str:
    """Bytes for reading: 1234567 is 1.2 MB, and less than 0.1 MB is told in kB."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def number(value: float | None) -> str:
    """A score for reading: four significant digits, a dash for null."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def plural(count: int, noun: str) -> str:
    """A number of things: 1 record, 1,000 records."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def excerpt(text: str | None, width: int = 160) -> str:
    """The beginning of a text on one line."""
    if text is None:
        return "(null)"
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
