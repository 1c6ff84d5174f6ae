"""What is measured between two lines of metrics."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import Tensor

from hardness.training.examples import Batch
from hardness.training.parallel import World
from hardness.training.reduction import weighted_sum
from hardness.training.weigher import WeightStatistics


class Meter:
    """Sums over the steps since the last line, on the device so that no step waits for them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._weights = WeightStatistics(world.device)
        self._sums = torch.zeros(5, dtype=torch.float64, device=world.device)
        self._norm = torch.zeros((), dtype=torch.float64, device=world.device)
        self._since = time.perf_counter()
        self._steps = 0

    def add(self, batch: Batch, *, losses: Tensor, weights: Tensor, objective: Tensor) -> None:
        """Count a micro-batch.

        Args:
            batch: the micro-batch.
            losses: [m] l in nats.
            weights: [m] ω.
            objective: Σ ω u l.
        """
        plain = weighted_sum(losses.detach(), torch.ones_like(weights), batch.units)
        counted = batch.units > 0
        tokens = (batch.inputs["attention_mask"].sum(1) * counted).sum()
        parts = [plain, objective.detach(), batch.units.sum(), counted.sum(), tokens]
        self._sums += torch.stack([part.double() for part in parts])
        self._weights.add(weights, batch.units)

    def step(self, *, gradient_norm: Tensor) -> None:
        """Count a step; `gradient_norm` is the global norm before clipping."""
        self._steps += 1
        self._norm = gradient_norm.detach().double()

    def read(self) -> dict[str, Any]:
        """The measurements over all ranks, starting afresh."""
        loss, objective, units, samples, tokens = self._world.sum(self._sums).tolist()
        now = time.perf_counter()
        seconds = max(now - self._since, 1e-9)
        measured = {
            "loss_nats": loss / units if units else None,
            "objective_nats": objective / units if units else None,
            "gradient_norm": self._norm.item(),
            **self._weights.read(self._world),
            "samples": int(samples),
            "tokens": int(tokens),
            "samples_per_s": samples / seconds,
            "tokens_per_s": tokens / seconds,
            "step_s": seconds / max(self._steps, 1),
        }
        self._sums.zero_()
        self._since = now
        self._steps = 0
        return measured

    def restart_clock(self) -> None:
        """Leave the time since the last step, spent on other work, out of the speeds."""
        self._since = time.perf_counter()

    def state(self) -> list[list[float]]:
        """The sums of each rank, to go on from after a resume."""
        return self._world.objects([*self._sums.tolist(), *self._weights.state()])

    def restore(self, state: list[list[float]]) -> None:
        """Go on from `state`: each rank from its own sums, so that a resumed run adds up in the
        same order; if their number has changed, every rank from those it takes over."""
        for rank, values in enumerate(state):
            if rank % self._world.size == self._world.rank:
                count = len(self._sums)
                self._sums += self._sums.new_tensor(values[:count])
                self._weights.restore(values[count:])
