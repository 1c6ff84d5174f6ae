"""The factor ω of each sample of a step, from any weighting."""

from __future__ import annotations

import torch
from torch import Tensor

from hardness.training.examples import Batch
from hardness.training.parallel import World
from hardness.weighting import Weighting


class Weigher:
    """Applies a weighting to the global micro-batches of a run."""

    def __init__(self, weighting: Weighting, *, world: World, total_steps: int) -> None:
        self._weighting = weighting
        self._world = world
        self._total_steps = total_steps

    def __call__(self, batch: Batch, losses: Tensor, *, step: int, global_size: int) -> Tensor:
        """ω of each sample of this rank's share of a global micro-batch.

        Args:
            batch: the share, m samples.
            losses: [m] l in nats.
            step: from 0; progress is step / total_steps.
            global_size: M, samples in the global micro-batch.

        Returns:
            [m] float64, constants to the gradient unless the weighting says otherwise.
        """
        return self._weighting(
            progress=step / self._total_steps, hardness=batch.hardness, weight=batch.weight
        )


class WeightStatistics:
    """Mean, greatest and effective sample size of ω over the steps since they were last read."""

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(3, dtype=torch.float64, device=device)
        self._greatest = torch.zeros((), dtype=torch.float64, device=device)

    def add(self, weights: Tensor, units: Tensor) -> None:
        """Count the ω of the samples that have units."""
        used = weights.detach()[units > 0]
        self._sums += torch.stack([used.new_tensor(len(used)), used.sum(), used.square().sum()])
        if len(used):
            self._greatest = torch.maximum(self._greatest, used.max())

    def read(self, world: World) -> dict[str, float | None]:
        """The statistics over all ranks, starting afresh.

        Returns:
            `weight_mean`, `weight_max` and `weight_effective_fraction` = (Σω)² / (n Σω²) in (0, 1],
            the share of samples that equal weights would need for the same variance; None where
            there were no samples or all weighed nothing.
        """
        count, total, squares = world.sum(self._sums).tolist()
        greatest = self._greatest.item()
        self._sums.zero_()
        self._greatest.zero_()
        return {
            "weight_mean": total / count if count else None,
            "weight_max": greatest if count else None,
            "weight_effective_fraction": total * total / (count * squares) if squares else None,
        }
