"""The discounts of modified Kneser-Ney smoothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FALLBACK = (0.5, 1.0, 1.5)
"""What KenLM's `lmplz --discount_fallback` takes where the closed form cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Discounts:
    """How much is taken off the adjusted counts of one order.

    Attributes:
        amounts: D1, D2 and D3+, off counts of 1, 2, and 3 or more; 0 <= Dj <= j.
        fallback: whether these are `FALLBACK`, because the closed form has no such values.
    """

    amounts: tuple[float, float, float]
    fallback: bool


def discounts(counts_of_counts: Sequence[int]) -> Discounts:
    """The closed form for D1, D2 and D3+, or the fallback where it cannot be used.

        Y = n1 / (n1 + 2·n2),    Dj = j - (j + 1)·Y·n(j+1) / nj

    It needs n1, n2 and n3 above 0 and gives values outside 0 <= Dj <= j on small or artificial
    data; then all three are the fallback.

    Args:
        counts_of_counts: n1 to n4, how many n-grams of the order have adjusted count 1 to 4.

    Source: Chen and Goodman 1998, "An Empirical Study of Smoothing Techniques for Language
    Modeling", equation 26; the range and the fallback are KenLM's.
    """
    n1, n2, n3, n4 = counts_of_counts
    if min(n1, n2, n3) == 0:
        return Discounts(amounts=FALLBACK, fallback=True)
    y = n1 / (n1 + 2 * n2)
    amounts = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
    if any(not 0 <= amount <= j for j, amount in enumerate(amounts, 1)):
        return Discounts(amounts=FALLBACK, fallback=True)
    return Discounts(amounts=amounts, fallback=False)
