"""Cross entropy over a vocabulary, with what dynamics need from the same softmax.

On a CPU the logits of a batch are far larger than its caches, so that each pass over them counts.
Here they are worked through in pieces that stay in a core's cache: one softmax serves the loss,
its gradient and the observations, and positions that are not trained cost nothing.

Legend: N positions, V vocabulary, K positions that are trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from hardness.training.examples import IGNORED

PIECE_VALUES = 1 << 18
"""Logits worked on together: a megabyte, and as much for their softmax."""

NEARLY = 0.999
"""Probabilities of which one is at least this share of the other may be of equal logits."""
SAFE_PROBABILITY = 1e-30
"""Below it a float32 softmax is near underflow, and logits are looked at themselves."""


class TokenLoss(torch.autograd.Function):
    """-ln softmax(logits)[target] of each position, 0 where the target is IGNORED.

    Args of apply: logits [N, V] float32 on a CPU; targets [N] ids; whether to observe.

    Returns:
        Losses [N] in nats, and of each position what `observe_classes` says, [4, N], or an
        empty tensor if not to be observed.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, observe: bool) -> tuple[Tensor, Tensor]:
        """Keep softmax(logits) of the trained positions for the gradient."""
        kept = (targets != IGNORED).nonzero()[:, 0]
        wanted = targets[kept][:, None]
        softmax = logits.new_empty((len(kept), logits.shape[1]))
        norms, top, length, own, other = logits.new_empty((5, len(kept)))
        for rows, where in _pieces(kept, len(targets), logits.shape[1]):
            piece, p, gold = logits[where], softmax[rows], wanted[rows]
            torch.softmax(piece, 1, out=p)
            # The greatest probability is never near underflow, whatever the gold one is.
            greatest = p.amax(1)
            top[rows] = piece.amax(1)
            norms[rows] = top[rows] - greatest.log()
            if observe:
                probability = p.gather(1, gold)
                own[rows] = probability[:, 0]
                p.scatter_(1, gold, 0.0)  # out of the way for a moment
                other[rows] = p.amax(1)
                length[rows] = torch.linalg.vector_norm(p, dim=1)
                p.scatter_(1, gold, probability)
        of_gold = logits[kept, wanted[:, 0]]
        loss = norms - of_gold
        losses = logits.new_zeros(len(targets)).index_copy_(0, kept, loss)
        seen = logits.new_zeros((4, len(targets) if observe else 0))
        if observe:
            tiny = other < SAFE_PROBABILITY
            best = norms + other.clamp(min=SAFE_PROBABILITY).log()
            rest = logits[kept[tiny]].scatter(1, wanted[tiny], -torch.inf)
            best[tiny] = rest.amax(1)
            margin = (norms - loss) - best
            error = torch.hypot(1 - own, length)
            correct = of_gold == top
            tied = correct & (other >= NEARLY * own)  # then the first of the greatest decides
            correct[tied] = logits[kept[tied]].argmax(1) == wanted[tied, 0]
            seen[:, kept] = torch.stack([-loss, correct.float(), margin, error])
        ctx.save_for_backward(softmax, kept, wanted)
        ctx.positions = len(targets)
        ctx.mark_non_differentiable(seen)
        return losses, seen

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """(softmax - onehot) times the gradient of each loss."""
        softmax, kept, wanted = ctx.saved_tensors
        shape = (ctx.positions, softmax.shape[1])
        whole = len(kept) == ctx.positions
        result = softmax.new_empty(shape) if whole else softmax.new_zeros(shape)
        for rows, where in _pieces(kept, *shape):
            scale = gradients[0][where][:, None]
            piece = torch.mul(softmax[rows], scale, out=result[where] if whole else None)
            piece.scatter_add_(1, wanted[rows], -scale)
            if not whole:
                result[where] = piece
        return result, None, None


def _pieces(kept: Tensor, positions: int, vocabulary: int) -> Iterator[tuple[slice, Any]]:
    """Ranges of the trained positions, and where they are among all: ranges too if all are."""
    step = max(1, PIECE_VALUES // vocabulary)
    for start in range(0, len(kept), step):
        rows = slice(start, min(start + step, len(kept)))
        yield rows, rows if len(kept) == positions else kept[rows]
