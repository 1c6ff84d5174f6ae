"""The `hardness` command."""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

import typer

from hardness.cli.build import build
from hardness.cli.demo import demo
from hardness.cli.lm import LmCommand, lm
from hardness.cli.metrics import metrics
from hardness.cli.runs import runs
from hardness.cli.score import score
from hardness.cli.show import show
from hardness.cli.train import train
from hardness.errors import HardnessError, explain_missing

app = typer.Typer(
    name="hardness",
    help="Which training examples are hard, in what order or with what weight should I train on "
    "them, and did it help?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (score, show, metrics, build, train, runs, demo):
    app.command()(command)
app.command(cls=LmCommand)(lm)


def main() -> None:
    """Run the command line: exit code 2 and one line on stderr for a mistake of the user's."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    # Read when torch is loaded. Threads that wait would otherwise spin, and where cores are shared
    # with other work a training is several times slower for it.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        app()
    except ModuleNotFoundError as error:
        explained = explain_missing(error)
        if explained is None:
            raise
        _refuse(explained)
    except HardnessError as error:
        _refuse(error)


def _refuse(error: HardnessError) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)
