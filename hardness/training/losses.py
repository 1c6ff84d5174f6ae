"""Per-sample losses and hits of logits: pure functions.

Legend: m examples, T positions, V vocabulary, C classes, n_i trained tokens.
"""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor

from hardness.training.examples import IGNORED


def class_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """l_i = -ln softmax(logits_i)[target_i].

    Args:
        logits: [m, C].
        targets: [m] class ids; IGNORED gives 0.

    Returns:
        [m] in nats, float32.
    """
    return functional.cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="none")


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """l_i = -1/n_i Σ_t ln softmax(logits_it)[target_it].

    Args:
        logits: [m, T, V].
        targets: [m, T] the token after each position, or IGNORED.

    Returns:
        [m] in nats per trained token, float32; 0 where there is none.
    """
    each = functional.cross_entropy(
        logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return each.view(targets.shape).sum(-1) / trained_tokens(targets).clamp(min=1)


def class_hits(logits: Tensor, targets: Tensor) -> Tensor:
    """[m] float64: 1 where the greatest logit is the target's, else 0."""
    return (logits.argmax(-1) == targets).double()


def token_hits(logits: Tensor, targets: Tensor) -> Tensor:
    """[m] float64: the share of trained tokens that have the greatest logit; 0 without any."""
    right = (logits.argmax(-1) == targets).sum(-1).double()
    return right / trained_tokens(targets).clamp(min=1)


def trained_tokens(targets: Tensor) -> Tensor:
    """[m] n_i of targets [m, T]."""
    return (targets != IGNORED).sum(-1)
