"""One spelling for numpy arrays and torch tensors, without importing torch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from hardness.weighting.base import Array


def namespace(array: Array) -> Any:
    """The module whose functions take `array`: torch for a tensor, numpy for all else."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(array, torch.Tensor) else np


def softmax(scores: Array) -> Array:
    """exp(x_i) / Σ exp(x_j), safe for large x.

    Args:
        scores: [M].

    Returns:
        [M] in (0, 1], with sum 1.
    """
    raised = namespace(scores).exp(scores - scores.max())
    return raised / raised.sum()
