"""What is computed of a batch, in float64 from the logits on where sums are long.

Legend: m examples, T tokens of the longest, V outputs of the last layer, H inputs of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hardness.errors import HardnessError
from hardness.inference.models import Loaded
from hardness.training.examples import IGNORED, Example
from hardness.training.losses import each_token_loss, trained_tokens
from hardness.training.tasks import Task


def token_nats(loaded: Loaded, task: Task, examples: Sequence[Example]) -> np.ndarray:
    """Σ_t -ln p(token t | all before it) over the tokens that are scored.

    Returns:
        (1, m) f64 in nats: float32 losses of tokens, summed in float64.
    """
    logits, targets = _forward(loaded, task, examples)
    return each_token_loss(logits, targets).double().sum(-1)[None].cpu().numpy()


def class_nats(loaded: Loaded, task: Task, examples: Sequence[Example]) -> np.ndarray:
    """-ln p(label | text), the likeliest class, and that of the label.

    Returns:
        (3, m) f64: nats, and class ids.
    """
    logits, targets = _forward(loaded, task, examples)
    loss = nn.functional.cross_entropy(logits.double(), targets, reduction="none")
    return torch.stack([loss, logits.argmax(-1).double(), targets.double()]).cpu().numpy()


def gradient_norm(loaded: Loaded, task: Task, examples: Sequence[Example]) -> np.ndarray:
    """‖∂l_i/∂(W, b)‖₂ of the last linear layer, bias included, without a backward pass.

    With δ_t = ∂l_i/∂z_t of the layer's output z_t = W h_t + b, the gradient is Σ_t δ_t (h_t, 1)ᵀ
    and its squared norm Σ_s Σ_t (δ_s · δ_t)(h_s · h_t + 1). For a classifier a single position
    counts, δ = softmax - onehot, and the norm is ‖softmax - onehot‖ √(‖h‖² + 1).

    Args:
        loaded: its parameters need no gradient.
        task: decides the loss: of the label, or the mean over the tokens that are scored.
        examples: m.

    Returns:
        (1, m) f64.
    """
    layer = _last_layer(loaded.model)
    seen: list[tuple[Tensor, Tensor]] = []

    def cut(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        # Only from here on is anything recorded for differentiating: choosing a position, the loss.
        output = output.detach().float().requires_grad_()
        seen.append((inputs[0].detach(), output))
        return output

    handle = layer.register_forward_hook(cut)
    try:
        with torch.enable_grad():
            logits, targets = _forward(loaded, task, examples)
            losses = _losses(logits, targets)
            (deltas,) = torch.autograd.grad(losses.sum(), seen[0][1])
    finally:
        handle.remove()
    hidden = seen[0][0]
    if hidden.ndim == 2:
        hidden, deltas = hidden[:, None], deltas[:, None]
    bias = layer.bias is not None
    return np.array([[_product_norm(d, h, bias=bias) for d, h in zip(deltas, hidden, strict=True)]])


def _forward(loaded: Loaded, task: Task, examples: Sequence[Example]) -> tuple[Tensor, Tensor]:
    """Logits and targets, on the model's device."""
    inputs, targets = task.collate(examples)
    moved = {name: tensor.to(loaded.device) for name, tensor in inputs.items()}
    return loaded.model(**moved).logits, targets.to(loaded.device)


def _losses(logits: Tensor, targets: Tensor) -> Tensor:
    """[m] the loss of each example, as in training."""
    if targets.ndim == 1:
        return nn.functional.cross_entropy(logits.float(), targets, reduction="none")
    each = nn.functional.cross_entropy(
        logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return each.view(targets.shape).sum(-1) / trained_tokens(targets)


def _last_layer(model: Any) -> nn.Linear:
    """The linear layer that gives the logits.

    Raises:
        HardnessError: there is none.
    """
    outputs = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    classes = getattr(model.config, "num_labels", None)
    found = [
        module
        for module in model.modules()
        if isinstance(module, nn.Linear) and module.out_features == classes
    ]
    layer = outputs if outputs is not None else (found[-1] if found else None)
    if not isinstance(layer, nn.Linear):
        raise HardnessError(
            f"model must end in a linear layer for grand, got {type(model).__name__}; name another"
        )
    return layer


def _product_norm(deltas: Tensor, hidden: Tensor, *, bias: bool) -> float:
    """‖Σ_t δ_t (h_t, 1)ᵀ‖ of deltas [T, V] and hidden [T, H]; without the 1 where no bias is."""
    used = deltas.abs().amax(-1) > 0
    deltas, hidden = deltas[used].double(), hidden[used].double()
    products = (deltas @ deltas.T) * (hidden @ hidden.T + float(bias))
    # Rounding can bring the square of nothing just below 0.
    return float(products.sum().clamp(min=0).sqrt())
