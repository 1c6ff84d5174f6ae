"""What a run tells whoever watches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """One optimiser step that was taken."""

    step: int
    """Steps taken so far, from 1."""
    total_steps: int
    """Steps in the run."""
    epoch: int
    """Epoch of the step, from 0."""
    metrics: Mapping[str, Any] | None
    """The line written to metrics.jsonl at this step, if one was."""


class Listener:
    """Watches a run. Every method may be left as it is."""

    def note(self, text: str) -> None:
        """Something was detected or decided."""

    def step(self, report: StepReport) -> None:
        """A step was taken."""

    def evaluated(self, metrics: Mapping[str, Any]) -> None:
        """An evaluation ended with these metrics."""
