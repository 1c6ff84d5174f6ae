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
    from rich.console import Console
    from rich.table import Table

    from hardness.training.runs import list_runs

    table = Table("run", "task", "model", "order", "weighting", "seed", "steps")
    for name in ("train loss", "eval loss", "best loss", "eval"):
        table.add_column(name, justify="right")
    for run in list_runs(folder):
        name = str(run.path.relative_to(folder)) if run.path != folder else str(run.path)
        steps = f"{run.step}/{run.total_steps}{'' if run.finished else ' …'}"
        order, seed = run.order or "", str(run.seed)
        row = [name, run.task, Path(run.model).name, order, run.weighting, seed, steps]
        table.add_row(*row, *_losses(run))
    Console().print(table)


def _losses(run: RunSummary) -> list[str]:
    evaluation, best = run.evaluation or {}, run.best or {}
    quality = evaluation.get("accuracy_fraction")
    text = "" if quality is None else f"accuracy {quality:.3f}"
    if evaluation.get("perplexity") is not None:
        text = f"perplexity {evaluation['perplexity']:.2f}"
    numbers = (run.loss_nats, evaluation.get("loss_nats"), best.get("loss_nats"))
    return ["" if number is None else f"{number:.4f}" for number in numbers] + [text]
