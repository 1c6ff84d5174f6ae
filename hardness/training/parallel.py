"""The processes that train together; one process is a world of size one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class World:
    """This process among those that train together."""

    rank: int = 0
    size: int = 1
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process writes the files that there is one of."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """The elementwise sum over all ranks."""
        return values

    def gather(self, values: Tensor, total: int) -> Tensor:
        """The values of all ranks in the order of the positions.

        Args:
            values: [m] of this rank's share of a global micro-batch: its every W-th record.
            total: M, records in the global micro-batch.

        Returns:
            [M].
        """
        return values[:total]


def choose_device(name: str) -> torch.device:
    """`cpu`, `cuda`, or for `auto` a GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
