"""The `hardness` command."""

from __future__ import annotations

import logging
import sys

import typer

from hardness.cli.build import build
from hardness.cli.demo import demo
from hardness.cli.metrics import metrics
from hardness.cli.score import score
from hardness.cli.show import show
from hardness.cli.train import train
from hardness.errors import HardnessError

app = typer.Typer(
    name="hardness",
    help="Which training examples are hard, in what order or with what weight should I train on "
    "them, and did it help?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (score, show, metrics, build, train, demo):
    app.command()(command)


def main() -> None:
    """Run the command line: exit code 2 and one line on stderr for a mistake of the user's."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    for store in ("s3fs", "gcsfs"):  # they log the tracebacks of errors that they raise
        logging.getLogger(store).setLevel(logging.CRITICAL)
    try:
        app()
    except HardnessError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
