"""The training loop: the same for every task, weighting and number of ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hardness.errors import HardnessError
from hardness.training.batches import BatchPlan
from hardness.training.config import TrainConfig
from hardness.training.data import NO_ROW, StepBatch
from hardness.training.examples import Batch
from hardness.training.hostcopy import HostCopy
from hardness.training.listener import Listener, StepReport
from hardness.training.meter import Meter
from hardness.training.parallel import World
from hardness.training.reduction import weighted_sum
from hardness.training.schedule import lr_factor
from hardness.training.signals import Stopped, StopRequest
from hardness.training.tasks import Task
from hardness.training.weigher import Weigher
from hardness.training.wrap import clip, gradient_sync


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
    meter: Meter
    log: Callable[[Mapping[str, Any]], None]
    """Takes each line of metrics."""
    listener: Listener
    stop: StopRequest
    observe: Callable[[Batch, Tensor, Tensor], None] | None = None
    """Takes each micro-batch, its logits and what is observed of them."""
    after_step: Callable[[StepBatch, Callable[[], None]], None]
    """Called when a step is done and logged: evaluates, records and saves when it is time. Its
    second argument raises if the step was not finite."""
    save: Callable[[int], None]
    """Saves a checkpoint of so many steps."""

    def run(self, steps: Iterator[StepBatch]) -> None:
        """Train on `steps`.

        Raises:
            HardnessError: a loss or gradient is not finite.
            Stopped: the run was asked to stop; a checkpoint is saved.
        """
        self.model.train()
        before: Done | None = None
        for batch in steps:
            done = self.step(batch, before)
            stop, bad = done.early.tolist()
            if before is not None and bad:
                self._complain(before)
            before = done
            self._report(batch)
            self.after_step(batch, partial(self.check, done))
            if stop and batch.step + 1 < self.plan.total_steps:
                self.check(done)
                self.save(batch.step + 1)
                raise Stopped
        if before is not None:
            self.check(before)

    def step(self, batch: StepBatch, before: Done | None = None) -> Done:
        """One optimiser step over a global batch."""
        world = self.world
        # Dropout depends on where the run is and not on how it came there, so a resumed run
        # draws what an undisturbed one would.
        torch.manual_seed(_step_seed(self.config.seed, batch.step, world.rank))
        micro_batches = [micro.to(world.device) for micro in batch.micro_batches]
        # One sum over the ranks carries what all must know: the units of the global batch, and
        # whether anyone was asked to stop or met a loss that is not finite in the step before.
        units = torch.stack([micro.units.sum() for micro in micro_batches]).sum()
        bad = units.new_zeros(()) if before is None else before.bad
        totals = world.sum(torch.stack([units, units.new_tensor(float(self.stop.made)), bad]))
        early = HostCopy(totals[1:])
        losses_of = []
        for index, (micro, size) in enumerate(zip(micro_batches, batch.sizes, strict=True)):
            with gradient_sync(self.model, last=index == len(micro_batches) - 1):
                with self._precision():
                    logits = self.model(**micro.inputs).logits
                if self.observe is None:
                    losses = self.task.losses(logits, micro.targets)
                else:
                    losses, observed = self.task.terms(logits, micro.targets)
                    self.observe(micro, logits, observed)
                weights = self.weigher(micro, losses, step=batch.step, global_size=size)
                total = weighted_sum(losses, weights, micro.units)
                # Ranks average their gradients; times W that is the sum.
                (total * (world.size / totals[0].clamp(min=1)).to(total.dtype)).backward()
            self.meter.add(micro, losses=losses, weights=weights, objective=total)
            losses_of.append((micro, losses.detach()))
        norm = clip(self.model, self.config.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr(batch.step)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.meter.step(gradient_norm=norm)
        return Done(step=batch.step, losses=losses_of, norm=norm, early=early)

    def _precision(self) -> Any:
        if self.config.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.world.device.type, dtype=torch.bfloat16)

    def lr(self, step: int) -> float:
        """The learning rate of a step."""
        factor = lr_factor(
            step,
            self.plan.total_steps,
            warmup=self.config.warmup,
            schedule=self.config.schedule,
        )
        return self.config.peak_lr * factor

    def _report(self, batch: StepBatch) -> None:
        done = batch.step + 1
        metrics = None
        if done % self.config.log_every == 0 or done == self.plan.total_steps:
            metrics = {
                "event": "train",
                "step": done,
                "epoch": batch.epoch,
                "position_rows": batch.stop,
                "progress_fraction": batch.step / self.plan.total_steps,
                "lr": self.lr(batch.step),
                **self.meter.read(),
            }
            self.log(metrics)
        report = StepReport(
            step=done, total_steps=self.plan.total_steps, epoch=batch.epoch, metrics=metrics
        )
        self.listener.step(report)

    def check(self, done: Done) -> None:
        """Raise now, on every rank, if the step was not finite."""
        if self.world.sum(done.bad).item():
            self._complain(done)

    def _complain(self, done: Done) -> None:
        mine = [row for micro, losses in done.losses for row in _not_finite(micro, losses)]
        rows = sorted(row for rows in self.world.objects(mine) for row in rows)
        where = f"for row {', '.join(map(str, rows))}" if rows else "in the gradient"
        raise HardnessError(
            f"loss must be finite, got one that is not at step {done.step + 1} {where}; "
            "use a lower --lr or look at those records"
        )


@dataclass(frozen=True, kw_only=True)
class Done:
    """A step that was taken, as far as it may still be found wrong."""

    step: int
    """From 0."""
    losses: list[tuple[Batch, Tensor]]
    """The rank's micro-batches and their losses."""
    norm: Tensor
    """Global norm of the gradient before clipping."""
    early: HostCopy
    """What the ranks knew at its beginning: requests to stop, and of the step before, `bad`."""

    @property
    def bad(self) -> Tensor:
        """Above 0 if a loss that counts or the gradient is not finite."""
        parts = [(~losses.isfinite() & (micro.units > 0)).sum() for micro, losses in self.losses]
        return torch.stack([*parts, ~self.norm.isfinite()]).sum().double()


def _not_finite(micro: Batch, losses: Tensor) -> list[int]:
    chosen = (~losses.isfinite() & (micro.units > 0)).cpu().numpy()
    return [int(row) for row in np.asarray(micro.rows)[chosen] if row != NO_ROW]


def _step_seed(seed: int, step: int, rank: int) -> int:
    """A seed of its own for each step and rank, spread over 63 bits."""
    mixed = seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + rank * 0x94D049BB133111EB
    return (mixed ^ (mixed >> 31)) % (1 << 63)
