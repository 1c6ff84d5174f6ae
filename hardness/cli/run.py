"""`hardness run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hardness.recipes.recipe import Step
    from hardness.recipes.run import StepReport


def run(
    recipe: Annotated[
        str,
        typer.Argument(
            help="Name of a ready-made one (`hardness pipelines list`), or a YAML file.",
            show_default=False,
        ),
    ],
    set: Annotated[
        list[str] | None,
        typer.Option(
            help="Change a setting, or an option of a step as STEP.OPTION; may be repeated.",
            metavar="KEY=VALUE",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")
    ] = False,
) -> None:
    """Run a chain of steps, from data to a trained model and a report.

    Steps that are finished are skipped, changed ones are done again.

        hardness run quickstart --set data=data.jsonl
    """
    from hardness.cli.console import progress, say
    from hardness.io.shipped import PIPELINES
    from hardness.recipes.recipe import read_recipe
    from hardness.recipes.run import plan
    from hardness.recipes.run import run as run_recipe

    changes = dict(_change(text) for text in set or ())
    if dry_run:
        for report in plan(read_recipe(PIPELINES.find(recipe), changes)):
            say(f"{report.state.ljust(9)} {_words(report.step)}")
        return
    with progress() as bars:

        def tell(report: StepReport) -> None:
            bars.end()
            _tell(report)

        reports = run_recipe(recipe, changes=changes, tell=tell, progress=bars)
    folders = [str(report.step.options.get("output", "")) for report in reports]
    say(f"\nresults: {', '.join(dict.fromkeys(filter(None, folders)))}")


def _change(text: str) -> tuple[str, str]:
    from hardness.errors import HardnessError

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise HardnessError(f"set must be KEY=VALUE, got {text!r}; write --set data=data.jsonl")
    return key, value


def _tell(report: StepReport) -> None:
    from hardness.cli.console import say

    if report.seconds is None:
        say(f"{_words(report.step)}")
    else:
        again = ", was finished" if getattr(report.result, "cached", report.result is None) else ""
        say(f"  {report.step.name}: {report.seconds:.1f} s{again}")


def _words(step: Step) -> str:
    """A step as the command that does the same."""
    import inspect

    import hardness
    from hardness.arguments import as_arguments
    from hardness.cli.console import command

    options = dict(step.options)
    parameters = inspect.signature(getattr(hardness, step.command)).parameters
    first = next(iter(parameters))
    given = options.pop(first, [])
    places = given if isinstance(given, list) else [given]
    return command("hardness", step.command, *places, *as_arguments(options))
