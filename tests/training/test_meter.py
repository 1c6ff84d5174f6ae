"""What is measured between two lines of metrics."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hardness.training.examples import Batch
from hardness.training.meter import Meter
from hardness.training.parallel import World

CPU = World(device=torch.device("cpu"))
TIMES = ("samples_per_s", "tokens_per_s", "step_s")


def add(meter: Meter, losses: list[float], weights: list[float], units: list[float]) -> None:
    count = len(losses)
    batch = Batch(
        inputs={"attention_mask": torch.ones(count, 3, dtype=torch.int64)},
        targets=torch.zeros(count),
        units=torch.tensor(units, dtype=torch.float64),
        rows=np.zeros(count, np.uint64),
        hardness=torch.zeros(count),
        weight=None,
        complete=all(units),
    )
    made = torch.tensor(losses), torch.tensor(weights, dtype=torch.float64)
    objective = (made[0] * made[1] * batch.units).nan_to_num().sum()
    meter.add(batch, losses=made[0], weights=made[1], objective=objective)
    meter.step(gradient_norm=torch.tensor(0.5))


def measured(meter: Meter) -> dict[str, float]:
    return {key: value for key, value in meter.read().items() if key not in TIMES}


def test_losses_are_means_over_units_and_what_does_not_count_is_left_out() -> None:
    # Plain (3 * 2 + 1 * 4) / 4 and weighted (2 * 3 * 2 + 0.5 * 1 * 4) / 4.
    meter = Meter(CPU)
    add(meter, [2.0, 4.0, float("nan")], [2.0, 0.5, 0.0], [3.0, 1.0, 0.0])
    found = measured(meter)
    assert found["loss_nats"] == 2.5
    assert found["objective_nats"] == 3.5
    assert (found["samples"], found["tokens"]) == (2, 6)
    assert found["gradient_norm"] == 0.5
    assert measured(meter)["loss_nats"] is None


def test_a_restored_meter_measures_what_the_other_would() -> None:
    whole, first, second = Meter(CPU), Meter(CPU), Meter(CPU)
    for meter in (whole, first):
        add(meter, [0.1, 0.7], [1.3, 0.4], [1.0, 2.0])
    second.restore(first.state())
    for meter in (whole, second):
        add(meter, [0.3], [2.7], [1.0])
    assert measured(second) == measured(whole)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_sums_of_all_ranks_are_taken_over_by_any_number(size: int) -> None:
    state = []
    for losses in ([1.0], [2.0], [6.0]):
        meter = Meter(CPU)
        add(meter, losses, [1.0], [1.0])
        state += meter.state()
    total = 0.0
    for rank in range(size):
        meter = Meter(World(rank=rank, size=size, device=torch.device("cpu")))
        meter.restore(state)
        total += float(meter._sums[0])
    assert total == 9.0
