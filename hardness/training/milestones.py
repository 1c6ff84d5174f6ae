"""What happens between steps: evaluation, dynamics, the best model and checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from hardness.training.batches import BatchPlan
from hardness.training.checkpoint import Checkpoints
from hardness.training.config import TrainConfig
from hardness.training.data import StepBatch
from hardness.training.dynamics import Recorder
from hardness.training.listener import Listener
from hardness.training.meter import Meter
from hardness.training.parallel import World


@dataclass(kw_only=True)
class Milestones:
    """Decides after each step what is due, and remembers the evaluations."""

    config: TrainConfig
    plan: BatchPlan
    world: World
    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    meter: Meter
    listener: Listener
    checkpoints: Checkpoints
    evaluate: Callable[[], Mapping[str, Any]] | None
    """Evaluates the model, if there is something to evaluate it on."""
    recorder: Recorder | None
    observe_epoch: Callable[[int], None] | None
    """Has the recorder observe all records after an epoch, if that is asked for."""
    save_best: Callable[[], None]
    """Saves the model as the best so far."""
    log: Callable[[Mapping[str, Any]], None] = lambda metrics: None
    """Takes each line of metrics."""
    evaluation: Mapping[str, Any] | None = None
    """The last evaluation."""
    best: Mapping[str, Any] | None = None
    """The evaluation with the least loss."""

    def after_step(self, batch: StepBatch, check: Callable[[], None]) -> None:
        """Do what is due after `batch`; `check` raises if the step was not finite."""
        done = batch.step + 1
        pass_ends = done % self.plan.steps_per_epoch == 0
        last = done == self.plan.total_steps
        if self.evaluate is not None and (last or self._due(batch.step, self.config.eval_every)):
            self._evaluate(batch)
        if self.recorder is not None and pass_ends:
            if self.observe_epoch is not None:
                self.observe_epoch(batch.epoch)
            self.recorder.finish_epoch(batch.epoch)
        if not last and self._due(batch.step, self.config.checkpoint_every):
            check()
            self.save(done)

    def _due(self, step: int, every: int | None) -> bool:
        if every is None:
            return self.plan.ends_epoch(step)
        return every > 0 and (step + 1) % every == 0

    def _evaluate(self, batch: StepBatch) -> None:
        assert self.evaluate is not None
        where = {"event": "eval", "step": batch.step + 1, "epoch": batch.epoch}
        self.evaluation = {**where, **self.evaluate()}
        self.log(self.evaluation)
        self.listener.evaluated(self.evaluation)
        if self.best is None or self.evaluation["loss_nats"] < self.best["loss_nats"]:
            self.best = self.evaluation
            self.save_best()
        self.meter.restart_clock()

    def save(self, step: int) -> None:
        """Save a checkpoint of `step` steps."""
        state = {
            "evaluation": self.evaluation,
            "best": self.best,
            "meter": self.meter.state(),
            "world_size": self.world.size,
        }
        self.checkpoints.save(
            step,
            self.model,
            self.optimizer,
            state,
            also=None if self.recorder is None else self.recorder.save,
        )
        self.meter.restart_clock()

    def resume(self) -> int:
        """Go on from the newest whole checkpoint; returns the steps taken, 0 without one."""
        found = self.checkpoints.latest()
        if found is None:
            return 0
        path, state = found
        self.checkpoints.load(path, self.model, self.optimizer)
        self.evaluation, self.best = state["evaluation"], state["best"]
        self.meter.restore(state["meter"])
        if self.recorder is not None:
            self.recorder.restore(Path(path), world_size=self.world.size)
        self.listener.note(f"resuming from step {state['step']} of {self.plan.total_steps}")
        return state["step"]
