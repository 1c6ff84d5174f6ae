"""The training loop: the same for every task, weighting and number of ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from hardness.training.batches import BatchPlan
from hardness.training.config import TrainConfig
from hardness.training.data import StepBatch
from hardness.training.listener import Listener, StepReport
from hardness.training.meter import Meter
from hardness.training.parallel import World
from hardness.training.reduction import weighted_sum
from hardness.training.schedule import lr_factor
from hardness.training.tasks import Task
from hardness.training.weigher import Weigher


@dataclass(frozen=True, kw_only=True)
class Loop:
    """Everything the loop works with."""

    config: TrainConfig
    plan: BatchPlan
    world: World
    model: Any
    optimizer: torch.optim.Optimizer
    task: Task
    weigher: Weigher
    log: Callable[[Mapping[str, Any]], None]
    """Takes each line of metrics."""
    evaluate: Callable[[], Mapping[str, Any]] | None
    """Evaluates the model, if there is something to evaluate it on."""
    listener: Listener

    def run(self, steps: Iterator[StepBatch]) -> Mapping[str, Any] | None:
        """Train on `steps`; returns the metrics of the last evaluation."""
        meter = Meter(self.world)
        evaluation = None
        self.model.train()
        for batch in steps:
            meter.step(gradient_norm=self._step(batch, meter))
            done = batch.step + 1
            self._report(batch, meter)
            if self.evaluate is not None and done % self.plan.steps_per_epoch == 0:
                evaluation = self.evaluate()
                where = {"event": "eval", "step": done, "epoch": batch.epoch}
                self.log({**where, **evaluation})
                self.listener.evaluated({**where, **evaluation})
        return evaluation

    def _step(self, batch: StepBatch, meter: Meter) -> torch.Tensor:
        """One optimiser step; returns the norm of the gradient before clipping."""
        world = self.world
        # Dropout depends on where the run is and not on how it came there, so a resumed run
        # draws what an undisturbed one would.
        torch.manual_seed(_step_seed(self.config.seed, batch.step, world.rank))
        micro_batches = [micro.to(world.device) for micro in batch.micro_batches]
        units = world.sum(torch.stack([micro.units.sum() for micro in micro_batches]).sum())
        for micro, size in zip(micro_batches, batch.sizes, strict=True):
            logits = self.model(**micro.inputs).logits
            losses = self.task.losses(logits, micro.targets)
            weights = self.weigher(micro, losses, step=batch.step, global_size=size)
            total = weighted_sum(losses, weights, micro.units)
            (total / units.clamp(min=1).to(total.dtype)).backward()
            meter.add(micro, losses=losses, weights=weights, objective=total)
        norm = self._clip()
        for group in self.optimizer.param_groups:
            group["lr"] = self._lr(batch.step)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return norm

    def _clip(self) -> torch.Tensor:
        limit = self.config.clip or float("inf")
        return torch.nn.utils.clip_grad_norm_(self.model.parameters(), limit)

    def _lr(self, step: int) -> float:
        factor = lr_factor(
            step,
            self.plan.total_steps,
            warmup=self.config.warmup,
            schedule=self.config.schedule,
        )
        return self.config.peak_lr * factor

    def _report(self, batch: StepBatch, meter: Meter) -> None:
        done = batch.step + 1
        metrics = None
        if done % self.config.log_every == 0 or done == self.plan.total_steps:
            metrics = {
                "event": "train",
                "step": done,
                "epoch": batch.epoch,
                "position_rows": batch.stop,
                "progress_fraction": batch.step / self.plan.total_steps,
                "lr": self._lr(batch.step),
                **meter.read(),
            }
            self.log(metrics)
        self.listener.step(
            StepReport(
                step=done, total_steps=self.plan.total_steps, epoch=batch.epoch, metrics=metrics
            )
        )


def _step_seed(seed: int, step: int, rank: int) -> int:
    """A seed of its own for each step and rank, spread over 63 bits."""
    mixed = seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + rank * 0x94D049BB133111EB
    return (mixed ^ (mixed >> 31)) % (1 << 63)
