"""The processes that train together; one process is a world of size one.

Legend: W ranks, M records in a global micro-batch, m = ⌈(M - r) / W⌉ of them on rank r.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from hardness.errors import HardnessError

# Renamed in torch 2.13, where the old name warns.
_all_gather = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor


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
        return self._reduced(values, dist.ReduceOp.SUM)

    def max(self, values: Tensor) -> Tensor:
        """The elementwise maximum over all ranks."""
        return self._reduced(values, dist.ReduceOp.MAX)

    def _reduced(self, values: Tensor, operation: Any) -> Tensor:
        if self.size == 1:
            return values
        total = values.clone()
        dist.all_reduce(total, operation)
        return total

    def gather(self, values: Tensor, total: int) -> Tensor:
        """The values of all ranks in the order of the positions.

        Args:
            values: [m] of this rank's share of a global micro-batch, its every W-th record; a rank
                without a record gives one value, which is left out.
            total: M, records in the global micro-batch.

        Returns:
            [M].
        """
        if self.size == 1:
            return values[:total]
        share = -(-total // self.size)
        padded = torch.nn.functional.pad(values, (0, share - len(values)))
        parts = values.new_empty(self.size * share)
        _all_gather(parts, padded)
        return parts.view(self.size, share).T.reshape(-1)[:total]

    def own(self, total: int) -> slice:
        """Where this rank's values are among those that `gather` returns."""
        return slice(self.rank, total, self.size)

    def objects(self, value: Any) -> list[Any]:
        """The values of all ranks, in rank order; for small things outside the loop."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def agree(self, value: Any) -> Any:
        """The first rank's value, on every rank."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0, device=self.device)
        return values[0]

    def barrier(self) -> None:
        """Wait for all ranks."""
        if self.size > 1:
            dist.barrier()

    @contextmanager
    def first_decides(self) -> Iterator[None]:
        """A block whose mistakes on the first rank are raised on all, so that none waits for it.

        Every rank runs the block; only the first should do work that can fail by itself.
        """
        error: HardnessError | None = None
        try:
            yield
        except HardnessError as caught:
            error = caught
        messages = [message for message in self.objects(error and str(error)) if message]
        if messages:
            raise error or HardnessError(messages[0])


@contextmanager
def join_world(device: str) -> Iterator[World]:
    """This process's world: that of `torchrun` if it was started by one, else of size one.

    Args:
        device: `cpu`, `cuda`, or `auto`, a GPU where there is one for every local rank.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 and "RANK" not in os.environ:
        yield World(device=choose_device(device, local_rank=None))
        return
    chosen = choose_device(device, local_rank=int(os.environ.get("LOCAL_RANK", "0")))
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    started = not dist.is_initialized()
    if started:
        dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield World(rank=dist.get_rank(), size=dist.get_world_size(), device=chosen)
    finally:
        if started:
            dist.destroy_process_group()


def choose_device(name: str, *, local_rank: int | None = None) -> torch.device:
    """`cpu`, `cuda`, or for `auto` a GPU where there is one for every local rank."""
    locals_needed = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if name == "auto":
        enough = torch.cuda.is_available() and torch.cuda.device_count() >= locals_needed
        name = "cuda" if enough else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise HardnessError(
            "device must be one that this machine has, got 'cuda' without a usable GPU; "
            "use --device cpu or auto"
        )
    if name == "cuda" and local_rank is not None:
        return torch.device("cuda", local_rank)
    return torch.device(name)
