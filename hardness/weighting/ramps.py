"""How fast a weighting that follows progress moves from its start to its end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

RAMPS: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {
        "linear": lambda s: s,
        "sqrt": math.sqrt,
        "square": lambda s: s * s,
        "cosine": lambda s: (1 - math.cos(math.pi * s)) / 2,
    }
)
"""Maps of progress s in [0, 1] onto [0, 1], rising, with 0 → 0 and 1 → 1."""


def ramped(progress: float, ramp: str) -> float:
    """Progress after the ramp: s, √s, s² or (1 - cos πs) / 2.

    Args:
        progress: s in [0, 1].
        ramp: `linear`, `sqrt`, `square` or `cosine`.

    Returns:
        A number in [0, 1].
    """
    return RAMPS[ramp](progress)
