"""A training's steps as progress."""

from __future__ import annotations

import pytest

from hardness.training.listener import StepReport
from hardness.training.progress import StepProgress


class Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int, str]] = []
        self.done = 0

    def start(self, stage: str, total: int, unit: str) -> None:
        self.stages.append((stage, total, unit))

    def advance(self, amount: int) -> None:
        self.done += amount


@pytest.mark.parametrize("first", [1, 5], ids=["new", "goes on"])
def test_steps_are_one_stage_that_ends_full(first: int) -> None:
    told = Told()
    listener = StepProgress("training", told)
    for step in range(first, 8):
        listener.step(StepReport(step=step, total_steps=7, epoch=0, metrics=None))
        assert told.done == step
    assert told.stages == [("training", 7, "steps")]
