"""Weightings applied to batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from hardness.training.examples import Batch
from hardness.training.parallel import World
from hardness.training.weigher import Weigher, WeightStatistics
from hardness.weighting import resolve

CPU = World(device=torch.device("cpu"))


def batch(hardness: list[float], units: list[float], weight: list[float] | None = None) -> Batch:
    count = len(hardness)
    return Batch(
        inputs={},
        targets=torch.zeros(count),
        units=torch.tensor(units, dtype=torch.float64),
        rows=np.arange(count, dtype=np.uint64),
        hardness=torch.tensor(hardness, dtype=torch.float64),
        weight=None if weight is None else torch.tensor(weight, dtype=torch.float64),
        complete=all(units),
    )


def weigh(
    spec: str, made: Batch, losses: list[float], *, step: int = 0, **options: Any
) -> list[float]:
    weigher = Weigher(weighting=resolve(spec), world=CPU, total_steps=10, **options)
    tensor = torch.tensor(losses)
    return weigher(made, tensor, step=step, global_size=made.size).tolist()


def test_progress_is_the_share_of_steps_taken_after_the_ramp() -> None:
    made = batch([0.0], [1.0])
    assert weigh("s-loss", made, [1.0], step=5) == [1.5]
    assert weigh("s-loss", made, [1.0], step=5, ramp="square") == [1.75]


@pytest.mark.parametrize("spec", ["linupper", "dro-kl:0.5", "superloss", "top-k:0.5", "focal:2"])
def test_samples_without_units_weigh_nothing_and_are_not_among_the_losses(spec: str) -> None:
    losses = [0.3, 9.0, 1.2, 0.7]
    found = weigh(spec, batch([0.5] * 4, [1.0, 0.0, 2.0, 1.0]), losses)
    alone = weigh(spec, batch([0.5] * 3, [1.0, 2.0, 1.0]), [0.3, 1.2, 0.7])
    assert found == pytest.approx([alone[0], 0.0, alone[1], alone[2]])


def test_a_batch_without_units_weighs_nothing() -> None:
    assert weigh("linupper", batch([0.5] * 2, [0.0, 0.0]), [1.0, float("nan")]) == [0.0, 0.0]


def test_online_weights_equal_a_float64_oracle() -> None:
    generator = np.random.default_rng(0)
    losses = generator.exponential(size=50).astype(np.float32)
    found = weigh("linupper", batch([0.5] * 50, [1.0] * 50), losses.tolist())
    exact = [float(x) for x in losses]
    low, high = min(exact), max(exact)
    f = [min(2 * (x - low) / (high - low), 1.0) for x in exact]
    total = math.fsum(math.exp(x) for x in f)
    assert found == pytest.approx([50 * math.exp(x) / total for x in f], rel=1e-12)


def test_the_temperature_falls_after_the_warm_up() -> None:
    made = batch([0.5] * 2, [1.0] * 2)
    options = {"r_start": 1e9, "r_end": 1.0, "r_warmup_steps": 3}
    assert weigh("linupper", made, [0.0, 1.0], step=2, **options) == pytest.approx([1.0, 1.0])
    after = weigh("linupper", made, [0.0, 1.0], step=3, **options)
    assert after == pytest.approx([2 / (1 + math.e), 2 * math.e / (1 + math.e)])


def test_the_batch_norm_makes_the_mean_one_over_samples_with_units() -> None:
    # At s = 0 s-loss gives 2, 1.5 and 0.5, of which the last has no units: mean 1.75.
    made = batch([0.0, 0.25, 0.75], [1.0, 1.0, 0.0])
    found = weigh("s-loss", made, [1.0] * 3, norm="batch")
    assert found == pytest.approx([2 / 1.75, 1.5 / 1.75, 0.0])


def test_the_dataset_norm_divides_by_the_mean_weight_of_all_records() -> None:
    # Mean hardness 0.1 gives mean ω = 1.8 at s = 0 and 1.4 at s = 1/2.
    dataset = {"hardness": torch.tensor([0.1], dtype=torch.float64)}
    made = batch([0.0], [1.0])
    assert weigh("s-loss", made, [1.0], norm="dataset", dataset=dataset) == [pytest.approx(2 / 1.8)]
    assert weigh("s-loss", made, [1.0], step=5, norm="dataset", dataset=dataset) == [
        pytest.approx(1.5 / 1.4)
    ]


def test_weights_that_are_all_nought_stay_so_under_a_norm() -> None:
    made = batch([1.0, 1.0], [1.0, 1.0])
    assert weigh("s-loss", made, [1.0, 1.0], norm="batch") == [0.0, 0.0]


def test_statistics_of_two_samples_and_one_that_does_not_count() -> None:
    # ω = 1 and 3: mean 2, ESS (1 + 3)² / (2 · (1 + 9)) = 0.8, one of two above 2.
    statistics = WeightStatistics(torch.device("cpu"))
    statistics.add(torch.tensor([1.0, 3.0, 0.0]).double(), torch.tensor([1.0, 1.0, 0.0]))
    assert statistics.read(CPU) == {
        "weight_mean": 2.0,
        "weight_max": 3.0,
        "weight_effective_fraction": pytest.approx(0.8),
        "weight_above_bound_fraction": 0.5,
    }
    assert statistics.read(CPU)["weight_mean"] is None
