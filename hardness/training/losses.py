"""Per-sample losses and hits of logits: pure functions.

Legend: m examples, T positions, V vocabulary, C classes, n_i trained tokens.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor

from hardness.training.examples import IGNORED
from hardness.training.observations import mean_of_tokens, observe_classes, observe_tokens
from hardness.training.token_loss import TokenLoss


def class_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """l_i = -ln softmax(logits_i)[target_i].

    Args:
        logits: [m, C].
        targets: [m] class ids; IGNORED gives 0.

    Returns:
        [m] in nats, float32.
    """
    return functional.cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="none")


def class_terms(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """`class_losses` and `observe_classes`."""
    return class_losses(logits, targets), observe_classes(logits, targets)


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """l_i = -1/n_i Σ_t ln softmax(logits_it)[target_it].

    Args:
        logits: [m, T, V].
        targets: [m, T] the token after each position, or IGNORED.

    Returns:
        [m] in nats per trained token, float32; 0 where there is none.
    """
    return _token_terms(logits, targets, observe=False)[0]


def token_terms(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """`token_losses` and `observe_tokens`, on a CPU from one softmax."""
    return _token_terms(logits, targets, observe=True)


def _token_terms(logits: Tensor, targets: Tensor, *, observe: bool) -> tuple[Tensor, Tensor]:
    each, of_tokens = _each_token(logits, targets, observe=observe)
    seen = torch.empty(0)
    if observe:
        on_cpu = logits.device.type == "cpu"
        seen = mean_of_tokens(of_tokens, targets) if on_cpu else observe_tokens(logits, targets)
    return each.sum(-1) / trained_tokens(targets).clamp(min=1), seen


def each_token_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """-ln softmax(logits_it)[target_it] of each token.

    Args:
        logits: [m, T, V].
        targets: [m, T] the token after each position, or IGNORED.

    Returns:
        [m, T] in nats, float32; 0 where the target is IGNORED.
    """
    return _each_token(logits, targets, observe=False)[0]


def _each_token(logits: Tensor, targets: Tensor, *, observe: bool) -> tuple[Tensor, Tensor]:
    """The losses [m, T], and on a CPU what `TokenLoss` observes of the same softmax."""
    flat, wanted = logits.float().flatten(0, 1), targets.flatten()
    if logits.device.type == "cpu":
        each, seen = TokenLoss.apply(flat, wanted, observe)  # pyright: ignore[reportGeneralTypeIssues]
    else:
        each = functional.cross_entropy(flat, wanted, ignore_index=IGNORED, reduction="none")
        seen = torch.empty(0)
    return each.view(targets.shape), seen


def class_hits(logits: Tensor, targets: Tensor) -> Tensor:
    """[m] float64: 1 where the first of the greatest logits is the target's, else 0."""
    return (logits.argmax(-1) == targets).double()


def token_hits(logits: Tensor, targets: Tensor) -> Tensor:
    """[m] float64: the share of trained tokens that `class_hits` would count; 0 without any."""
    right = (logits.argmax(-1) == targets).sum(-1).double()
    return right / trained_tokens(targets).clamp(min=1)


def trained_tokens(targets: Tensor) -> Tensor:
    """[m] n_i of targets [m, T]."""
    return (targets != IGNORED).sum(-1)
