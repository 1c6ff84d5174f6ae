"""The weightings that only pass on what they are given: `uniform` and `shards`."""

from __future__ import annotations

from hardness.weighting.base import Array, Weighting, register


def uniform(hardness: Array) -> Array:
    """ω = 1 for every sample.

    Args:
        hardness: one number per sample; only its shape and type are used.

    Returns:
        Ones of the same shape.
    """
    return hardness * 0 + 1


def shards(weight: Array) -> Array:
    """ω = the `weight` that `hardness build --weighting` wrote beside the record.

    Args:
        weight: the column, one factor per sample, at least 0.

    Returns:
        The same factors.
    """
    return weight


register(
    Weighting(
        name="uniform",
        function=uniform,
        needs=("hardness",),
        formula="1",
        range="{1}",
        affine=True,
        source="plain empirical risk minimisation",
    )
)
register(
    Weighting(
        name="shards",
        function=shards,
        needs=("weight",),
        formula="the shards' weight column",
        range="[0, inf)",
        affine=True,
        source="hardness build --weighting",
    )
)
