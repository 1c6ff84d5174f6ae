"""Which positions belong to which step, micro-batch and rank: arithmetic only.

Legend: B records in a global batch, A micro-batches in it, W ranks.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """The cut of each epoch's positions 0 … rows - 1 into global batches, whatever the world size.

    Global batch b of an epoch is positions [bB, (b+1)B); the last one may be shorter. Each is cut
    into A global micro-batches of ⌈B/A⌉ positions, of which rank r takes every W-th from the r-th
    on. So the order of the shards is the order of the training, and every position is trained on
    exactly once an epoch.
    """

    rows: int
    """Records in an epoch, at least 1."""
    batch_size: int
    """B, at least 1."""
    epochs: int
    """At least 1."""
    accumulate: int = 1
    """A, at least 1 and at most B."""
    held: int = 1
    """Epochs that the positions themselves hold, at least 1: those of the shards' manifest."""

    @property
    def steps_per_epoch(self) -> int:
        """Global batches in an epoch."""
        return -(-self.rows // self.batch_size)

    @property
    def total_steps(self) -> int:
        """Global batches in the run."""
        return self.steps_per_epoch * self.epochs

    def batch(self, step: int) -> tuple[int, int, int]:
        """Epoch, first position and end position of the global batch of `step`."""
        epoch, batch = divmod(step, self.steps_per_epoch)
        start = batch * self.batch_size
        return epoch, start, min(start + self.batch_size, self.rows)

    def ends_epoch(self, step: int) -> bool:
        """Whether an epoch ends in `step`: position k·rows/held is reached, for a k in 1 … held.

        The manifest does not say where epochs end, so they are taken as equally long.
        """
        _, start, stop = self.batch(step)
        return stop * self.held // self.rows > start * self.held // self.rows

    def micro_batches(self, step: int) -> list[tuple[int, int]]:
        """First and end position of each global micro-batch of `step`, none of them empty."""
        _, start, stop = self.batch(step)
        size = -(-self.batch_size // self.accumulate)
        return [(low, min(low + size, stop)) for low in range(start, stop, size)]
