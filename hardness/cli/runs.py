"""`hardness runs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument

if TYPE_CHECKING:
    from hardness.training.runs import RunSummary


def runs(
    folder: Annotated[Path, Argument(help="Folder that runs of `hardness train` lie in.")],
) -> None:
    """Compare runs: what they trained, how far they came and how good they are.

    For example: hardness runs experiments
    """
    from rich.text import Text

    from hardness.cli.console import console
    from hardness.cli.summary import folded_names, grouped
    from hardness.training.runs import list_runs

    rows = [_cells(run, folder) for run in list_runs(folder)]
    # What all runs have in common is said once, so that the rest fits a narrow window.
    same = [n for n in SHARED if len(rows) > 1 and len({row[n] for row in rows}) == 1]
    empty = [name for name in rows[0] if not any(row[name] for row in rows)]
    shown = [name for name in rows[0] if name not in (*same, *empty)]
    cells = folded_names([shown, *([row[name] for name in shown] for row in rows)])
    if same:
        console.print(Text(", ".join(f"{name} {rows[0][name]}" for name in same)), soft_wrap=True)
    for table in grouped(cells, left=WORDS):
        console.print(table)
        console.print()
    console.print("train, eval and best are losses in nats; … is a run that did not end")


SHARED = ("task", "model", "seed")
WORDS = ("task", "model", "order", "weighting")


def _cells(run: RunSummary, folder: Path) -> dict[str, str]:
    """What is shown of a run, by column."""
    evaluation, best = run.evaluation or {}, run.best or {}
    return {
        "run": str(run.path.relative_to(folder)) if run.path != folder else str(run.path),
        "task": run.task,
        "model": Path(run.model).name,
        "order": run.order or "",
        "weighting": run.weighting,
        "seed": str(run.seed),
        "steps": f"{run.step}/{run.total_steps}" + ("" if run.finished else " …"),
        "train": _number(run.loss_nats),
        "eval": _number(evaluation.get("loss_nats")),
        "best": _number(best.get("loss_nats")),
        "accuracy": _number(evaluation.get("accuracy_fraction")),
        "perplexity": _number(evaluation.get("perplexity")),
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
