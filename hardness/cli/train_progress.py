"""What `hardness train` shows while it works and when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from hardness.cli.console import make_bars, say
from hardness.training import names
from hardness.training.listener import Listener, StepReport
from hardness.training.runs import last_checkpoint

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

    def __init__(self) -> None:
        self._bars = make_bars(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[measured]}"),
            TimeRemainingColumn(),
        )
        self._bar = None

    def __enter__(self) -> TrainProgress:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def note(self, text: str) -> None:
        """Print what was detected."""
        say(text)

    def step(self, report: StepReport) -> None:
        """Move the bar."""
        if self._bar is None:
            self._bar = self._bars.add_task("train", total=report.total_steps, epoch=1, measured="")
        fields: dict[str, Any] = {"epoch": report.epoch + 1}
        if report.metrics is not None:
            fields["measured"] = _measured(report.metrics)
        self._bars.update(self._bar, completed=report.step, **fields)

    def evaluated(self, metrics: Mapping[str, Any]) -> None:
        """Print one line."""
        where = f"epoch {metrics['epoch'] + 1}, step {metrics['step']}"
        self.note(f"{where}: eval {_evaluation(metrics)}")

    def afterwards(self, output: str, *, overwrite: bool) -> str:
        """What the same command would do after an interruption; empty before the first step."""
        if self._bar is None:
            return ""
        step = last_checkpoint(output)
        if step is None:
            return "the same command begins anew, as no checkpoint was saved"
        then = f"the same command goes on from the checkpoint of step {step}"
        return f"{then}, without --overwrite" if overwrite else then

    def finish(self, result: RunResult) -> None:
        """Print where everything is."""
        if result.evaluation is not None:
            self.note(f"eval: {_evaluation(result.evaluation)}")
        self.note(f"model: {result.model}")
        self.note(f"metrics: {result.output / names.METRICS}")


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
