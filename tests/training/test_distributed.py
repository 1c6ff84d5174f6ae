"""Several real processes: the same order, weights and parameters as one."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

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


def rows_seen(output: Path, *, world_size: int, epoch: int, plan: BatchPlan) -> list[int]:
    """The recorded rows of an epoch, each rank's turns put together again."""
    folder = output / "dynamics" / f"epoch-{epoch:03d}"
    ranks = [
        iter(pq.read_table(folder / f"rank-{rank}.parquet")["row"].to_pylist())
        for rank in range(world_size)
    ]
    seen = []
    for step in range(plan.steps_per_epoch):
        for low, high in plan.micro_batches(step):
            seen += [next(ranks[turn % world_size]) for turn in range(high - low)]
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
