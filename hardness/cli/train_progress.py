"""What `hardness train` shows while it works and when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hardness.training.listener import Listener, StepReport

if TYPE_CHECKING:
    from hardness.training.run import RunResult

NAMES = {
    "loss_nats": "loss",
    "accuracy_fraction": "accuracy",
    "token_accuracy_fraction": "token accuracy",
    "perplexity": "perplexity",
}


class TrainProgress(Listener):
    """A bar with the step, the loss, the speed and ω, and a line for each evaluation."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[measured]}"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._bar = None

    def __enter__(self) -> TrainProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def note(self, text: str) -> None:
        """Print what was detected."""
        self._console.print(text, markup=False, soft_wrap=True)

    def step(self, report: StepReport) -> None:
        """Move the bar."""
        if self._bar is None:
            self._bar = self._progress.add_task(
                "train", total=report.total_steps, epoch=1, measured=""
            )
        fields: dict[str, Any] = {"epoch": report.epoch + 1}
        if report.metrics is not None:
            fields["measured"] = _measured(report.metrics)
        self._progress.update(self._bar, completed=report.step, **fields)

    def evaluated(self, metrics: Mapping[str, Any]) -> None:
        """Print one line."""
        self._console.print(f"epoch {metrics['epoch'] + 1}: eval {_evaluation(metrics)}")

    def finish(self, result: RunResult) -> None:
        """Print where everything is."""
        if result.evaluation is not None:
            self.note(f"eval: {_evaluation(result.evaluation)}")
        self.note(f"model: {result.model}")
        self.note(f"metrics: {result.output / 'metrics.jsonl'}")


def _measured(metrics: Mapping[str, Any]) -> str:
    parts = [
        ("loss {:.3f}", metrics["loss_nats"]),
        ("ω {:.2f}", metrics["weight_mean"]),
        ("{:,.0f} samples/s", metrics["samples_per_s"]),
        ("{:,.0f} tokens/s", metrics["tokens_per_s"]),
    ]
    return "  ".join(text.format(value) for text, value in parts if value is not None)


def _evaluation(metrics: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {metrics[key]:.4g}" for key, name in NAMES.items() if key in metrics)
