"""The factor ω of each sample of a step, from any weighting.

Legend: m samples of this rank, M of the global micro-batch, N of the dataset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hardness.training.examples import Batch
from hardness.training.parallel import World
from hardness.weighting import Weighting
from hardness.weighting.online import THEOREM_BOUND
from hardness.weighting.ramps import ramped


@dataclass(frozen=True, kw_only=True)
class Weigher:
    """Applies a weighting to the global micro-batches of a run."""

    weighting: Weighting
    world: World
    total_steps: int
    ramp: str = "linear"
    """How progress is bent before the weighting sees it."""
    norm: str = "none"
    """`dataset` or `batch`: divide by the mean ω of it, so that weighting is not also a change of
    the learning rate."""
    dataset: dict[str, Tensor] | None = None
    """For `dataset`: `hardness` and `weight` of all N records; just their means, [1], if the
    weighting is affine."""
    r_start: float = 100.0
    """Temperature of online weightings during their warm-up: nearly equal weights."""
    r_end: float = 1.0
    """Temperature after it."""
    r_warmup_steps: int = 0
    """Steps of the warm-up."""

    def __call__(self, batch: Batch, losses: Tensor, *, step: int, global_size: int) -> Tensor:
        """ω of each sample of this rank's share of a global micro-batch.

        Args:
            batch: the share.
            losses: [m] l in nats.
            step: from 0; progress is step / total_steps.
            global_size: M.

        Returns:
            [m] float64, 0 for a sample without units; constants to the gradient unless the
            weighting says otherwise.
        """
        inputs = self._inputs(step)
        if self.weighting.online:
            weights = self._online(batch, losses, global_size, inputs)
        else:
            columns = {"hardness": batch.hardness, "weight": batch.weight}
            weights = self.weighting(**columns, **inputs)
        counted = batch.units > 0
        weights = torch.where(counted, weights, torch.zeros_like(weights))
        if self.norm == "none":
            return weights
        return weights / self._mean(weights.detach(), counted, inputs)

    def _inputs(self, step: int) -> dict[str, Any]:
        return {
            "progress": ramped(step / self.total_steps, self.ramp),
            "temperature": self.r_start if step < self.r_warmup_steps else self.r_end,
        }

    def _online(
        self, batch: Batch, losses: Tensor, global_size: int, inputs: dict[str, Any]
    ) -> Tensor:
        """ω from the losses of all ranks; samples without units are not among them."""
        gather, own = self.world.gather, self.world.own(global_size)
        everything = gather(losses.detach().double(), global_size)
        mine = len(everything[own])
        if self.weighting.differentiable:
            places = torch.arange(global_size, device=losses.device)[own]
            everything = everything.index_copy(0, places, losses[:mine].double())
        columns = {
            name: gather(column, global_size)
            for name, column in (("hardness", batch.hardness), ("weight", batch.weight))
            if name in self.weighting.needs and column is not None
        }
        # Picking samples out needs their number on the host; a whole batch needs no picking.
        if self.world.size == 1 and batch.complete:
            return self.weighting(losses=everything, **columns, **inputs)
        counted = gather(batch.units, global_size) > 0
        picked = {name: column[counted] for name, column in columns.items()}
        weights = torch.zeros_like(everything)
        if counted.any():
            found = self.weighting(losses=everything[counted], **picked, **inputs)
            weights = weights.masked_scatter(counted, found)
        padding = batch.size - mine
        return torch.nn.functional.pad(weights[own], (0, padding))

    def _mean(self, weights: Tensor, counted: Tensor, inputs: dict[str, Any]) -> Tensor:
        """The mean ω to divide by; 1 where it is 0, since then all are 0."""
        if self.norm == "dataset":
            assert self.dataset is not None
            mean = self.weighting(**self.dataset, **inputs).mean()
        else:
            sums = self.world.sum(torch.stack([weights.sum(), counted.sum().double()]))
            mean = sums[0] / sums[1].clamp(min=1)
        return torch.where(mean > 0, mean, torch.ones_like(mean))


class WeightStatistics:
    """Mean, greatest and effective sample size of ω over the steps since they were last read."""

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(4, dtype=torch.float64, device=device)
        self._greatest = torch.zeros(1, dtype=torch.float64, device=device)

    def add(self, weights: Tensor, units: Tensor) -> None:
        """Count the ω of the samples that have units; the ω of the others are 0."""
        weights = weights.detach()
        counted = units > 0
        above = (weights > THEOREM_BOUND) & counted
        self._sums += torch.stack(
            [counted.sum(), weights.sum(), weights.square().sum(), above.sum()]
        )
        self._greatest = torch.maximum(self._greatest, weights.max())

    def read(self, world: World) -> dict[str, float | None]:
        """The statistics over all ranks, starting afresh.

        Returns:
            `weight_mean`, `weight_max`, `weight_effective_fraction` = (Σω)² / (n Σω²) in (0, 1],
            the share of samples that equal weights would need for the same variance, and
            `weight_above_bound_fraction`, the share of ω beyond the bound under which the theorem
            of Sow et al. holds; None where there were no samples or all weighed nothing.
        """
        count, total, squares, above = world.sum(self._sums).tolist()
        greatest = world.max(self._greatest).item()
        self._sums.zero_()
        self._greatest.zero_()
        return {
            "weight_mean": total / count if count else None,
            "weight_max": greatest if count else None,
            "weight_effective_fraction": total * total / (count * squares) if squares else None,
            "weight_above_bound_fraction": above / count if count else None,
        }

    def state(self) -> list[float]:
        """The sums of this rank."""
        return [*self._sums.tolist(), self._greatest.item()]

    def restore(self, state: list[float]) -> None:
        """Add what `state` returned."""
        self._sums += self._sums.new_tensor(state[:-1])
        self._greatest = torch.maximum(self._greatest, self._greatest.new_tensor(state[-1:]))
