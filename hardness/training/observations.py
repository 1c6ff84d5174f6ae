"""What logits say about each example, for training dynamics: pure functions.

Source: Swayamdipta et al. 2020, Dataset Cartography; Pleiss et al. 2020 (margin); Paul et al. 2021
(error norm).

Legend: m examples, T positions, V vocabulary, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hardness.training.examples import IGNORED

FIELDS = ("gold_logprob", "correct", "margin", "error_norm")
PIECE_VALUES = 1 << 26
"""Logits looked at together: a quarter of a gigabyte as float32."""


def observe_classes(logits: Tensor, targets: Tensor) -> Tensor:
    """What the logits of a classifier say about each example.

    With p = softmax(logits): ln p_gold; whether the first of the greatest logits is the gold one;
    the gold logit minus the greatest other; ‖p - onehot‖₂.

    Args:
        logits: [m, C].
        targets: [m] class ids.

    Returns:
        [4, m] float32, in the order of `FIELDS`.
    """
    logits = logits.detach().float()
    gold = logits.gather(1, targets[:, None])[:, 0]
    others = logits.scatter(1, targets[:, None], -torch.inf)
    norms = torch.logsumexp(logits, 1)
    wrong = (others - norms[:, None]).exp()
    # 1 - p_gold is summed up, as taking p from 1 would round away what is nearly learnt.
    error = torch.hypot(wrong.sum(1), torch.linalg.vector_norm(wrong, dim=1))
    correct = (logits.argmax(1) == targets).float()
    return torch.stack([gold - norms, correct, gold - others.amax(1), error])


def observe_tokens(logits: Tensor, targets: Tensor) -> Tensor:
    """The same for a language model: means over each example's trained tokens.

    So `gold_logprob` is the log of the geometric mean probability, and `correct` the share of
    tokens that are the argmax.

    Args:
        logits: [m, T, V].
        targets: [m, T], IGNORED where nothing is trained.

    Returns:
        [4, m] float32; NaN for an example without trained tokens.
    """
    flat, wanted = logits.detach().flatten(0, 1), targets.flatten()
    each = torch.zeros((len(FIELDS), len(wanted)), dtype=torch.float32, device=logits.device)
    positions = (wanted != IGNORED).nonzero()[:, 0]
    for part in positions.split(max(1, PIECE_VALUES // logits.shape[-1])):
        each[:, part] = observe_classes(flat[part], wanted[part])
    return mean_of_tokens(each, targets)


def mean_of_tokens(each: Tensor, targets: Tensor) -> Tensor:
    """Means over each example's trained tokens.

    Args:
        each: [4, m T] of every position, 0 where nothing is trained.
        targets: [m, T].

    Returns:
        [4, m]; NaN for an example without trained tokens.
    """
    return each.view(len(each), *targets.shape).sum(-1) / (targets != IGNORED).sum(-1)
