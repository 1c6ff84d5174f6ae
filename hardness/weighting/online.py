"""Weights from the losses of the step itself: LinUpper, Quadratic, Extremes and KL-DRO.

Source: Sow et al., "Dynamic Loss-Based Sample Reweighting for Improved Large Language Model
Pretraining", ICLR 2025, section 3. Their theorem asks that no weight be above 2 / M, which here,
where weights have mean 1, reads ω ≤ 2.

Legend: l loss in nats, M samples in the global micro-batch, z the loss scaled to [-1, 1],
r temperature.
"""

from __future__ import annotations

import math

from hardness.weighting.arrays import namespace, softmax
from hardness.weighting.base import Array, Weighting, register

SOW = "Sow et al. 2025 (ICLR), Dynamic Loss-Based Sample Reweighting"

THEOREM_BOUND = 2.0
"""The largest ω under which the convergence theorem of Sow et al. holds."""
SLACK = 1e-9
"""By how much f M may miss a whole number and still be it: 0.07 · 100 is 7.000000000000001."""


def scaled(losses: Array) -> Array:
    """z = 2 (l - min) / (max - min) - 1, or 0 where all losses are equal.

    Args:
        losses: [M] in nats.

    Returns:
        [M] in [-1, 1].
    """
    xp = namespace(losses)
    low, high = losses.min(), losses.max()
    spread = high - low
    alike = spread <= 0
    z = 2 * (losses - low) / xp.where(alike, xp.ones_like(spread), spread) - 1
    return xp.where(alike, xp.zeros_like(z), z)


def linupper(losses: Array, temperature: float) -> Array:
    """ω = M softmax(min(z + 1, 1) / r): low losses count less, all others alike.

    Args:
        losses: [M] in nats.
        temperature: r > 0; large values approach equal weights.

    Returns:
        [M] in (0, M), with mean 1.
    """
    return len(losses) * softmax((scaled(losses) + 1).clip(None, 1) / temperature)


def quadratic(losses: Array, temperature: float) -> Array:
    """ω = M softmax((1 - z²) / r): middling losses count most.

    Args and returns: as `linupper`.
    """
    return len(losses) * softmax((1 - scaled(losses) ** 2) / temperature)


def extremes(losses: Array, temperature: float) -> Array:
    """ω = M softmax(|z| / r): the lowest and the highest losses count most.

    Args and returns: as `linupper`.
    """
    return len(losses) * softmax(abs(scaled(losses)) / temperature)


def dro_kl(losses: Array, strength: float) -> Array:
    """ω = M softmax(l / λ): the worst case over distributions near the uniform one.

    Args:
        losses: [M] in nats.
        strength: λ > 0 in nats, the price of moving away from equal weights.

    Returns:
        [M] in (0, M), with mean 1.
    """
    return len(losses) * softmax(losses / strength)


def focal(losses: Array, gamma: float) -> Array:
    """ω = (1 - p)^gamma with p = exp(-l), the probability of the target: what is known counts less.

    The gradient flows through ω too, as in the paper.

    Args:
        losses: [M] in nats.
        gamma: at least 0; 0 gives equal weights.

    Returns:
        [M] in [0, 1].
    """
    if gamma == 0:
        return losses * 0 + 1
    missing = -namespace(losses).expm1(-losses)
    return missing.clip(1e-12, None) ** gamma  # the root of nought has no gradient


def top_k(losses: Array, fraction: float) -> Array:
    """ω = M / k for the k = ⌈f M⌉ highest losses and 0 for the others, ties in order.

    Args:
        losses: [M] in nats.
        fraction: f in (0, 1].

    Returns:
        [M] in {0, M / k}, with mean 1.
    """
    count = len(losses)
    k = max(1, math.ceil(fraction * count - SLACK))
    weights = losses * 0
    weights[namespace(losses).argsort(-losses, stable=True)[:k]] = count / k
    return weights


for _name, _function, _formula in (
    ("linupper", linupper, "M softmax(min(z+1, 1) / r)"),
    ("quadratic", quadratic, "M softmax((1 - z^2) / r)"),
    ("extremes", extremes, "M softmax(|z| / r)"),
):
    register(
        Weighting(
            name=_name,
            function=_function,
            needs=("losses", "temperature"),
            formula=_formula,
            range="(0, M)",
            source=SOW,
        )
    )
register(
    Weighting(
        name="dro-kl",
        function=dro_kl,
        needs=("losses",),
        formula="M softmax(l / strength)",
        range="(0, M)",
        source="Qi et al. 2021 (NeurIPS), An Online Method for a Class of DRO; Sow et al. 2025",
        parameter="strength",
        default=1.0,
        check=("above 0", lambda value: 0 < value < float("inf")),
    )
)
register(
    Weighting(
        name="focal",
        function=focal,
        needs=("losses",),
        formula="(1 - exp(-l))^gamma",
        range="[0, 1]",
        source="Lin et al. 2017 (ICCV), Focal Loss for Dense Object Detection, eq. 4",
        parameter="gamma",
        default=2.0,
        check=("at least 0", lambda value: 0 <= value < float("inf")),
        differentiable=True,
    )
)
register(
    Weighting(
        name="top-k",
        function=top_k,
        needs=("losses",),
        formula="M/k for the k = ceil(fraction M) highest losses, else 0",
        range="{0, M/k}",
        source="Fan et al. 2017 (NeurIPS), Learning with Average Top-k Loss",
        parameter="fraction",
        default=0.5,
        check=("in (0, 1]", lambda value: 0 < value <= 1),
    )
)
