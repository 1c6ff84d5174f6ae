"""The weighted sum of losses."""

from __future__ import annotations

import torch

from hardness.training.reduction import weighted_sum


def test_two_samples_of_a_classification() -> None:
    # (1.5 * 2 + 0.5 * 4) over M = 2
    losses, weights = torch.tensor([2.0, 4.0]), torch.tensor([1.5, 0.5])
    units = torch.ones(2, dtype=torch.float64)
    assert weighted_sum(losses, weights, units).item() / 2 == 2.5


def test_two_samples_of_a_causal_lm_count_by_their_tokens() -> None:
    # ω n l: 1.5 * 3 * 2 + 0.5 * 1 * 4 = 11, over Σn = 4
    losses, weights = torch.tensor([2.0, 4.0]), torch.tensor([1.5, 0.5])
    units = torch.tensor([3.0, 1.0], dtype=torch.float64)
    assert weighted_sum(losses, weights, units).item() / 4 == 11 / 4


def test_a_sample_without_units_weighs_nothing_even_if_its_loss_is_nan() -> None:
    losses = torch.tensor([2.0, float("nan")], requires_grad=True)
    weights = torch.tensor([1.0, float("inf")])
    total = weighted_sum(losses, weights, torch.tensor([1.0, 0.0], dtype=torch.float64))
    total.backward()
    assert total.item() == 2.0
    assert losses.grad is not None
    assert losses.grad.tolist() == [1.0, 0.0]
