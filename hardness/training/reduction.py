"""From per-sample losses and factors to the one number that is differentiated."""

from __future__ import annotations

import torch
from torch import Tensor


def weighted_sum(losses: Tensor, weights: Tensor, units: Tensor) -> Tensor:
    """Σ ω_i u_i l_i, in which a sample of no units takes no part, whatever its loss is.

    Divided by the global Σ u it is the objective: with u_i = 1 for a sample that counts,
    Σ ω_i l_i / M (classification); with u_i = n_i trained tokens, Σ ω_i (n_i / Σn) l_i (causal LM).
    Dividing by the sum over ranks, micro-batches and unequal last batches, rather than averaging
    averages, is what makes the objective the same however the batch was split.

    Args:
        losses: [m] l in nats, the mean over the sample's own tokens.
        weights: [m] ω, at least 0.
        units: [m] u, at least 0.

    Returns:
        A scalar, never NaN because of a sample without units.
    """
    counted = units > 0
    zero = losses.new_zeros(())
    terms = torch.where(counted, losses, zero) * torch.where(counted, weights, zero).to(
        losses.dtype
    )
    return (terms * units.to(losses.dtype)).sum()
