"""How likely a record's label is wrong, by where several scores of it rank: a pure function."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hardness.direction import Direction
from hardness.normalize import rank


def suspicion(scores: Sequence[np.ndarray], directions: Sequence[Direction]) -> np.ndarray:
    """The mean over the scores of each record's rank among all, 1 for the hardest end.

    s_i = 1/k Σ_j r_ij / (n - 1), with r_ij the average rank of record i by score j, from 0, harder
    is higher.

    Args:
        scores: k of (n,) f64 each, without NaN.
        directions: k, which end of each score is the harder one.

    Returns:
        (n,) f64 in [0, 1], higher is more suspicious; its mean is 1/2.

    Source:
        Swayamdipta et al. 2020, Dataset Cartography, section 5 (low confidence finds wrong labels);
        Pleiss et al. 2020, section 3 (low area under the margin does); Northcutt et al. 2021,
        Confident Learning, section 3 (probabilities must be of models that did not train on the
        record). Ranks are averaged here, which no paper does, as a probability and a margin of
        logits have no scale in common.
    """
    steps = 2 * (len(scores[0]) - 1) or 2  # average ranks are multiples of a half
    total = np.zeros(len(scores[0]))
    for score, direction in zip(scores, directions, strict=True):
        # Whole numbers, so that equal sums are equal.
        total += np.rint(steps * rank(score if direction == "higher" else -score))
    return total / (steps * len(scores))
