"""Several real processes: the same order, weights and parameters as one."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from hardness.curriculum.shards import open_shards
from hardness.training.batches import BatchPlan
from hardness.training.run import train
from tests.training.conftest import MakeShards, pairs, save_small_model
from tests.training.ranks import run_ranks

WEIGHTINGS = [
    "uniform", "shards", "s-loss", "s-loss-descending", "s-loss-swing", "linupper", "quadratic",
    "extremes", "dro-kl:0.5", "focal:2", "superloss", "top-k:0.5",
]  # fmt: skip
COMPARED = ("loss_nats", "objective_nats", "gradient_norm", "weight_mean", "weight_max")
BATCH_SIZE = 14
ROWS = 58  # neither the batches nor the ranks' shares of them come out even
SMALL: dict[str, Any] = {
    "epochs": 1,
    "batch_size": BATCH_SIZE,
    "max_length": 32,
    "device": "cpu",
    "log_every": 1,
    # Adam divides by the size of a gradient, so where that is all rounding, rounding moves a
    # parameter by the learning rate; this one keeps that below what the tests compare to, and the
    # steps well above it.
    "lr": 3e-5,
    "r_warmup": 0.0,
    "checkpoint_every": 0,
}


def parameters(output: Path) -> torch.Tensor:
    state = load_file(output / "model" / "model.safetensors")
    return torch.cat([state[name].flatten().double() for name in sorted(state)])


def metrics(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]


def rows_seen(
    output: Path, *, epoch: int, plan: BatchPlan, sizes: Callable[[int], int]
) -> list[int]:
    """The recorded rows of an epoch, each rank's turns put together again.

    Args:
        output: folder of the run.
        epoch: from 1.
        plan: of the run.
        sizes: the number of ranks that took a step of the epoch.
    """
    folder = output / "dynamics" / f"epoch-{epoch:03d}"
    ranks = [
        iter(pq.read_table(folder / f"rank-{rank}.parquet")["row"].to_pylist())
        for rank in range(len(list(folder.iterdir())))
    ]
    seen = []
    for step in range(plan.steps_per_epoch):
        for low, high in plan.micro_batches(step):
            seen += [next(ranks[turn % sizes(step)]) for turn in range(high - low)]
    assert all(next(rank, None) is None for rank in ranks)
    return seen


def test_every_weighting_gives_the_same_model_on_one_two_and_four_ranks(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    weight = [0.5 + index % 3 for index in range(ROWS)]
    records = pairs(ROWS)
    records["hypothesis"][3] = records["premise"][3] = ""  # weighs nothing, on some rank
    path = make_shards(records, weight=weight)
    model = save_small_model(tmp_path / "base", records)

    def job(name: str, weighting: str, parallel: str) -> dict[str, Any]:
        return {
            "shards": path,
            "output": tmp_path / name / parallel / weighting,
            "model": model,
            "weighting": weighting,
            "parallel": parallel,
            # The ends of the options that the weights depend on are in one job or another.
            "accumulate": 1 if parallel == "ddp" else 3,
            "weight_norm": "none" if parallel == "ddp" else "batch",
            **SMALL,
        }

    every = list(itertools.product(WEIGHTINGS, ["ddp", "fsdp"]))
    for weighting, parallel in every:
        train(**job("1", weighting, parallel))
    for size in (2, 4):
        run_ranks(size, [job(str(size), *which) for which in every])
    for weighting, parallel in every:
        one = tmp_path / "1" / parallel / weighting
        for size in ("2", "4"):
            other = tmp_path / size / parallel / weighting
            difference = (parameters(one) - parameters(other)).abs().max().item()
            assert difference < 1e-6, (weighting, parallel, size)
            for here, there in zip(metrics(one), metrics(other), strict=True):
                for key in COMPARED:
                    assert there[key] == pytest.approx(here[key], rel=1e-5), (weighting, key)
                assert there["samples"] == here["samples"]
                assert there["tokens"] == here["tokens"]
    start = load_file(model / "model.safetensors")
    moved = {w: parameters(tmp_path / "1" / "ddp" / w) for w in WEIGHTINGS}
    assert len({tuple(value[:50].tolist()) for value in moved.values()}) == len(WEIGHTINGS)
    assert not torch.equal(
        moved["uniform"], torch.cat([start[n].flatten().double() for n in sorted(start)])
    )


def test_rows_come_in_the_order_of_the_shards_for_any_number_of_ranks_and_across_a_resume(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    records = pairs(ROWS)
    path = make_shards(records)
    model = save_small_model(tmp_path / "base", records)
    plan = BatchPlan(rows=ROWS, batch_size=BATCH_SIZE, epochs=2, accumulate=2)
    options = {
        **SMALL,
        "shards": path,
        "model": model,
        "epochs": 2,
        "accumulate": 2,
        "record_dynamics": "during",
        "checkpoint_every": None,
    }

    def jobs(name: str) -> list[dict[str, Any]]:
        return [
            {**options, "output": tmp_path / f"plain-{name}"},
            {**options, "output": tmp_path / f"shuffle-{name}", "shuffle": True},
            {**options, "output": tmp_path / f"fsdp-{name}", "parallel": "fsdp"},
        ]

    # The runs that change the number of ranks are stopped by SIGTERM after step 7 of 10, which the
    # ranks agree on in the step after: 3 of the second epoch's 5 steps are taken by 2 ranks.
    moved = [
        {**options, "output": tmp_path / "moved"},
        {**options, "output": tmp_path / "moved-fsdp", "parallel": "fsdp"},
    ]
    run_ranks(2, [*({**job, "stop_at": 7} for job in moved), *jobs("2")])
    run_ranks(3, [*moved, *jobs("3")])
    for job in jobs("1"):
        train(**job)
    expected = open_shards(path).column("row").to_pylist()
    for epoch in (1, 2):
        for size in (1, 2, 3):
            for name in ("plain", "fsdp"):
                output = tmp_path / f"{name}-{size}"
                seen = rows_seen(output, epoch=epoch, plan=plan, sizes=lambda step, n=size: n)
                assert seen == expected
        shuffled = [
            rows_seen(tmp_path / f"shuffle-{n}", epoch=epoch, plan=plan, sizes=lambda step, n=n: n)
            for n in (1, 2, 3)
        ]
        assert shuffled[0] == shuffled[1] == shuffled[2] != expected
        assert sorted(shuffled[0]) == sorted(expected)
    for name in ("moved", "moved-fsdp"):
        output = tmp_path / name
        assert rows_seen(output, epoch=1, plan=plan, sizes=lambda step: 2) == expected
        sizes = [2, 2, 2, 3, 3]
        assert rows_seen(output, epoch=2, plan=plan, sizes=sizes.__getitem__) == expected
        whole = parameters(tmp_path / "plain-1")
        assert (parameters(output) - whole).abs().max().item() < 1e-6


@pytest.mark.parametrize("world_size", [1, 2])
def test_a_run_killed_at_random_moments_ends_with_the_same_bits(
    make_shards: MakeShards, tmp_path: Path, world_size: int
) -> None:
    records = pairs(ROWS)
    path = make_shards(records)
    options = {
        **SMALL,
        "shards": path,
        "model": save_small_model(tmp_path / "base", records),
        "batch_size": 6,
        "epochs": 2,
        "eval": path,
        "eval_every": 3,
        "weighting": "linupper",
        "log_every": 4,
        "checkpoint_every": 2,
        "record_dynamics": "during",
        "parallel": "ddp" if world_size == 1 else "fsdp",
    }
    broken = {**options, "output": tmp_path / "broken"}
    whole = {**options, "output": tmp_path / "whole"}
    generator = np.random.default_rng()  # another moment each time; every moment must do
    first, second = int(generator.integers(2, 8)), int(generator.integers(12, 17))
    delays = generator.uniform(0, 0.02, size=2).tolist()
    kill = {"kill_at": first, "delay_s": delays[0]}
    run_ranks(world_size, [whole, {**broken, **kill}], dies=True)
    run_ranks(world_size, [{**broken, "kill_at": second, "delay_s": delays[1]}], dies=True)
    run_ranks(world_size, [broken])
    where = f"killed at steps {first} and {second}, {delays} s later"
    for name in ("model", "best"):
        found = (tmp_path / "broken" / name / "model.safetensors").read_bytes()
        assert found == (tmp_path / "whole" / name / "model.safetensors").read_bytes(), where
    assert without_times(metrics(tmp_path / "broken")) == without_times(
        metrics(tmp_path / "whole")
    ), where
    for file in sorted((tmp_path / "whole" / "dynamics").rglob("*.parquet")):
        other = tmp_path / "broken" / file.relative_to(tmp_path / "whole")
        assert pq.read_table(other).equals(pq.read_table(file)), where


def without_times(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: line[key] for key in line if not key.endswith("_s")} for line in lines]
