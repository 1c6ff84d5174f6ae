"""Reading a few numbers from a GPU without waiting for all the work after them."""

from __future__ import annotations

import torch
from torch import Tensor


class HostCopy:
    """A copy of a tensor that is on its way to the host.

    Reading it waits for the work that was queued before the copy, not for what came after.
    """

    def __init__(self, tensor: Tensor) -> None:
        self._event: torch.cuda.Event | None = None
        if tensor.device.type != "cuda":
            self._copy = tensor
            return
        self._copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        self._copy.copy_(tensor, non_blocking=True)
        self._event = torch.cuda.Event()
        self._event.record()

    def tolist(self) -> list[float]:
        """The values."""
        if self._event is not None:
            self._event.synchronize()
        return self._copy.tolist()
