"""The learning rate over the steps."""

from __future__ import annotations

import math


def lr_factor(step: int, total_steps: int, *, warmup: float, schedule: str) -> float:
    """The learning rate of a step as a share of its peak.

    With w = ⌈warmup · total⌉ it rises as (step + 1) / (w + 1) for w steps. Then, with
    t = (step - w) / (total - w): `linear` gives 1 - t, `cosine` (1 + cos πt) / 2, `constant` 1.

    Args:
        step: in [0, total_steps).
        total_steps: at least 1.
        warmup: share of the steps spent rising, in [0, 1).
        schedule: `linear`, `cosine` or `constant`.

    Returns:
        A factor in (0, 1]: no step is wasted on a rate of nought.
    """
    rising = math.ceil(warmup * total_steps)
    if step < rising:
        return (step + 1) / (rising + 1)
    t = (step - rising) / (total_steps - rising)
    if schedule == "linear":
        return 1 - t
    if schedule == "cosine":
        return (1 + math.cos(math.pi * t)) / 2
    return 1.0
