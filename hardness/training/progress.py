"""A training's steps, as the progress of any other long work."""

from __future__ import annotations

from hardness.progress import Progress
from hardness.training.listener import Listener, StepReport


class StepProgress(Listener):
    """Passes a training's steps on as one stage of progress."""

    def __init__(self, stage: str, progress: Progress) -> None:
        self._stage = stage
        self._progress = progress
        self._done: int | None = None

    def step(self, report: StepReport) -> None:
        """Begin with the first step heard of, up to which a run that goes on was done, and move."""
        if self._done is None:
            self._progress.start(self._stage, report.total_steps, "steps")
            self._done = 0
        self._progress.advance(report.step - self._done)
        self._done = report.step
