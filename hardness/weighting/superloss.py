"""SuperLoss: a confidence for each sample, in closed form.

Source: Castells, Weinzaepfel, Revaud, "SuperLoss: A Generic Loss for Robust Curriculum Learning",
NeurIPS 2020, eq. 1 to 3.
"""

from __future__ import annotations

import math

from hardness.weighting.arrays import namespace
from hardness.weighting.base import Array, Weighting, register

HALLEY_STEPS = 8
"""Three are enough away from the branch point, where convergence is cubic."""


def superloss(losses: Array, strength: float) -> Array:
    """ω = exp(-W(½ max(-2/e, β))) with β = (l - τ) / λ: what is easier than τ counts more.

    This ω minimises (l - τ)ω + λ (ln ω)², so the derivative by ω vanishes there and the gradient of
    the SuperLoss is ω times that of l: taking ω as a constant is exact. Departure: of the three
    choices of τ in the paper (a constant, a running mean, the mean of all losses so far) none is
    free of state or of knowing the task; here τ is the mean over the global micro-batch.

    Args:
        losses: [M] in nats.
        strength: λ > 0; large values approach equal weights.

    Returns:
        [M] in (0, e].
    """
    beta = (losses - losses.mean()) / strength
    return namespace(losses).exp(-lambert_w(beta.clip(-2 / math.e, None) / 2))


def lambert_w(x: Array) -> Array:
    """The principal branch of w exp(w) = x.

    Args:
        x: at least -1/e, floating point.

    Returns:
        w of the same shape, at least -1.
    """
    xp = namespace(x)
    # A series at the branch point for x < 0, Winitzki's estimate above; then Halley's method.
    root = xp.sqrt((2 * (math.e * x + 1)).clip(0, None))
    near = -1 + root - root**2 / 3 + 11 / 72 * root**3
    log = xp.log1p(x.clip(0, None))
    w = xp.where(x < 0, near, log * (1 - xp.log1p(log) / (2 + log)))
    for _ in range(HALLEY_STEPS):
        grown = xp.exp(w)
        error = w * grown - x
        rise = w + 1
        # At the branch point itself both error and slope vanish and the series is exact.
        flat = rise < 1e-6
        slope = grown * rise - (w + 2) * error / (2 * xp.where(flat, xp.ones_like(w), rise))
        w = w - xp.where(flat, xp.zeros_like(w), error / xp.where(flat, xp.ones_like(w), slope))
    return w


register(
    Weighting(
        name="superloss",
        function=superloss,
        needs=("losses",),
        formula="exp(-W(max(-2/e, (l - mean l) / strength) / 2))",
        range="(0, e]",
        source="Castells et al. 2020 (NeurIPS), SuperLoss, eq. 3",
        parameter="strength",
        default=1.0,
        check=("above 0", lambda value: 0 < value < float("inf")),
    )
)
