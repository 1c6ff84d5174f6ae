"""S-Loss: factors that follow hardness at first and forget it, or turn it round, by the end.

Source: "Scaling Hardness-Impact Training", S-Loss. The poster prints a fraction, which diverges at
s → 1 and turns negative; its authors' own code and its figure are the products used here.

Legend: h hardness in [0, 1], s progress in [0, 1).
"""

from __future__ import annotations

from hardness.weighting.base import Array, Weighting, register


def s_loss(hardness: Array, progress: Array) -> Array:
    """ω = (2h - 1)(s - 1) + 1: easy samples first, all alike at the end.

    Args:
        hardness: h in [0, 1], one per sample.
        progress: s in [0, 1), a number or one per sample.

    Returns:
        ω in [0, 2]: 2(1 - h) at s = 0, towards 1 as s → 1.
    """
    return (2 * hardness - 1) * (progress - 1) + 1


def s_loss_descending(hardness: Array, progress: Array) -> Array:
    """ω = (1 - 2h)s + 2h: hard samples first, all alike at the end.

    Args:
        hardness: h in [0, 1], one per sample.
        progress: s in [0, 1), a number or one per sample.

    Returns:
        ω in [0, 2]: 2h at s = 0, towards 1 as s → 1.
    """
    return (1 - 2 * hardness) * progress + 2 * hardness


def s_loss_swing(hardness: Array, progress: Array) -> Array:
    """ω = (2h - 1)(2s - 1) + 1: easy samples first, hard ones at the end.

    Args:
        hardness: h in [0, 1], one per sample.
        progress: s in [0, 1), a number or one per sample.

    Returns:
        ω in [0, 2]: 2(1 - h) at s = 0, 1 at s = ½, towards 2h as s → 1.
    """
    return (2 * hardness - 1) * (2 * progress - 1) + 1


for _name, _function, _formula in (
    ("s-loss", s_loss, "(2h-1)(s-1) + 1"),
    ("s-loss-descending", s_loss_descending, "(1-2h)s + 2h"),
    ("s-loss-swing", s_loss_swing, "(2h-1)(2s-1) + 1"),
):
    register(
        Weighting(
            name=_name,
            function=_function,
            needs=("hardness", "progress"),
            formula=_formula,
            range="[0, 2]",
            affine=True,
            source="Scaling Hardness-Impact Training, S-Loss (the authors' code)",
        )
    )
