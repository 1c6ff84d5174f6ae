"""The `hardness` command."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from hardness import __version__
from hardness.cli.build import build
from hardness.cli.combine import combine
from hardness.cli.compare import compare
from hardness.cli.curricula import curricula
from hardness.cli.demo import demo
from hardness.cli.flags import Command, Group
from hardness.cli.lm import LmCommand, lm
from hardness.cli.metrics import metrics
from hardness.cli.pipelines import pipelines
from hardness.cli.report import report
from hardness.cli.run import run
from hardness.cli.runs import runs
from hardness.cli.score import score
from hardness.cli.show import show
from hardness.cli.startup import keep_all
from hardness.cli.suspects import suspects
from hardness.cli.train import train
from hardness.cli.verify import verify
from hardness.errors import HardnessError, explain_missing, explain_os_error

MISTAKE = 2
"""Exit code for what the user can mend."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as in a shell: 128 and the number of the signal."""

_AFTERWARDS = {
    "score": "the same command goes on where it was",
    "combine": "the same command does it again",
    "build": "the same command goes on where it was",
    "train": "the same command does it again",
    "lm": "the same command goes on with what it left in files, if anything",
    "compare": "the same command goes on with the runs that are left",
    "run": "the same command goes on where it was",
    "demo": "the same command goes on where it was",
}
_AFRESH = ("score",)
"""Commands that start again if they are to overwrite what is there."""


def interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """The command, ending with one line on stderr when it is interrupted."""

    @wraps(command)
    def call(**options: Any) -> None:
        try:
            command(**options)
        except KeyboardInterrupt as interrupt:
            then = _AFTERWARDS.get(command.__name__)
            if str(interrupt):  # a command that knows better says so
                then = str(interrupt)
            elif options.get("overwrite") and command.__name__ in _AFRESH:
                then = f"{then}, without --overwrite"
            print(f"interrupted{'; ' if then else ''}{then or ''}", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None

    return call


app = typer.Typer(
    name="hardness",
    cls=Group,
    help="Which training examples are hard, in what order or with what weight should I train on "
    "them, and did it help?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(asked: bool) -> None:
    if asked:
        print(f"hardness {__version__}")
        raise typer.Exit


@app.callback()
def _hardness(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Options of no command."""


_COMMANDS = (
    *(score, show, metrics, combine, suspects, build, verify),
    *(train, runs, compare, report, run, demo),
)
for _command in _COMMANDS:
    app.command(cls=Command)(interruptible(_command))
app.command(cls=LmCommand)(interruptible(lm))
app.add_typer(curricula, name="curricula")
app.add_typer(pipelines, name="pipelines")


def main() -> None:
    """Run the command line: exit code 2 and one line on stderr for a mistake of the user's."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    # Read when torch is loaded. Threads that wait would otherwise spin, and where cores are shared
    # with other work a training is several times slower for it.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # Likewise for NumPy, whose threads otherwise spin for 2**26 cycles when it is imported.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")
    # Arrow's allocator otherwise gives memory back to the system a hundredth of a second after it
    # was freed, only to have pages cleared for the next partition. A minute and not never, as then
    # `hardness.memory.give_back` could not do it either.
    os.environ.setdefault("MIMALLOC_PURGE_DELAY", "60000")
    for store in ("s3fs", "gcsfs"):  # they log the tracebacks of errors that they raise
        logging.getLogger(store).setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal has no code for is shown as \u2026 and not as an error.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    code = _run()
    keep_all()
    sys.exit(code)


def _run() -> str | int | None:
    """The exit code of the command that was typed."""
    try:
        try:
            app()
        except SystemExit as stop:
            _flush()
            return stop.code
    except BrokenPipeError:
        _drop_output()
        return 1
    except HardnessError as error:
        return _refuse(error)
    except ModuleNotFoundError as error:
        explained = explain_missing(error)
        if explained is None:
            raise
        return _refuse(explained)
    except UnicodeEncodeError as error:
        if error.reason != "surrogates not allowed":
            raise
        # What Python makes of the bytes of a path that the locale has no characters for.
        return _refuse(
            HardnessError(
                f"paths must be characters of the locale, got bytes that are none in "
                f"{sys.getfilesystemencoding()}; set LC_ALL=C.UTF-8"
            )
        )
    except OSError as error:
        explained = explain_os_error(error)
        if explained is None:
            raise
        return _refuse(explained)
    return None


def _refuse(error: HardnessError) -> int:
    try:
        _flush()
    except OSError:
        _drop_output()
    print(f"error: {error}", file=sys.stderr)
    return MISTAKE


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _drop_output() -> None:
    """Let the interpreter flush what could not be written into nothing when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
