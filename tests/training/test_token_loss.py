"""The cross entropy over a vocabulary against torch's."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as functional

from hardness.training import token_loss
from hardness.training.examples import IGNORED
from hardness.training.losses import token_hits, token_losses, token_terms
from hardness.training.observations import observe_tokens


@pytest.fixture(params=["some ignored", "none ignored", "all ignored", "far apart"])
def case(request: pytest.FixtureRequest) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 9, 31, generator=generator)
    targets = torch.randint(0, 31, (4, 9), generator=generator)
    if request.param == "far apart":
        logits *= 200  # most probabilities are below what a float32 can hold
    if request.param == "some ignored":
        targets[0, 3:] = targets[2, ::2] = IGNORED
    if request.param == "all ignored":
        targets[:] = IGNORED
    return logits, targets


@pytest.mark.parametrize("piece_values", [31, 100, 1 << 18])
def test_loss_and_gradient_are_torchs(
    case: tuple[torch.Tensor, torch.Tensor], piece_values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_loss, "PIECE_VALUES", piece_values)
    logits, targets = case
    scale = torch.tensor([1.0, 0.5, 0.0, 2.0])
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    losses = token_losses(ours, targets)
    (losses * scale).sum().backward()
    each = functional.cross_entropy(
        theirs.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )
    expected = each.view(4, 9).sum(1) / (targets != IGNORED).sum(1).clamp(min=1)
    (expected * scale).sum().backward()
    torch.testing.assert_close(losses, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-5, atol=1e-6)


def test_observing_gives_what_the_logits_say_and_the_same_loss(
    case: tuple[torch.Tensor, torch.Tensor],
) -> None:
    logits, targets = case
    before = logits.clone()
    losses, observed = token_terms(logits, targets)
    assert torch.equal(losses, token_losses(logits, targets))
    expected = observe_tokens(logits, targets)
    torch.testing.assert_close(observed, expected, rtol=1e-4, atol=1e-4, equal_nan=True)
    assert torch.equal(logits, before)


def test_the_error_of_a_nearly_certain_token_is_not_rounded_away() -> None:
    # Odds of 1 to e^-10 for each of two others: a distance of √6 e^-10 / (1 + 2 e^-10).
    logits = torch.tensor([[[10.0, 0.0, 0.0]]])
    error = token_terms(logits, torch.zeros(1, 1, dtype=torch.int64))[1][3].item()
    assert error == pytest.approx(math.sqrt(6) / (math.exp(10) + 2), rel=1e-3)


def test_of_equal_logits_the_first_is_predicted() -> None:
    """As argmax has it, the evaluation's accuracy and the column `predicted`."""
    logits = torch.randint(-2, 3, (6, 20, 5), generator=torch.Generator().manual_seed(0)).float()
    logits[0] = 0.1
    logits[1] += torch.tensor([0.0, 1e-6, 0.0, 1e-6, 0.0])  # nearly equal
    targets = torch.randint(0, 5, (6, 20), generator=torch.Generator().manual_seed(1))
    expected = token_hits(logits, targets).float()
    assert torch.equal(token_terms(logits, targets)[1][1], expected)
    assert torch.equal(observe_tokens(logits, targets)[1], expected)


def test_observing_does_not_change_the_gradient(case: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, targets = case
    with_it, without = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    token_terms(with_it, targets)[0].sum().backward()
    token_losses(without, targets).sum().backward()
    assert with_it.grad is not None
    assert without.grad is not None
    assert torch.equal(with_it.grad, without.grad)
