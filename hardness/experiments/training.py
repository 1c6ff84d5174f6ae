"""The runs of an experiment: shards, and a process of `hardness train` for each arm and seed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import hardness
from hardness.arguments import as_arguments
from hardness.curriculum.manifest import read_manifest
from hardness.errors import HardnessError
from hardness.experiments.experiment import Arm, folder_name
from hardness.io.atomic import read_json, write_json
from hardness.io.digest import object_digest
from hardness.io.stores import is_url
from hardness.stages.cluster import Cluster
from hardness.training import names
from hardness.training.config import EPOCHS, TrainConfig
from hardness.training.runs import read_metrics

DONE = "run.json"
EVALUATIONS = 10
"""Points of a learning curve where the options do not say how often to evaluate."""


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """One run to be made.

    Attributes:
        arm: name of its arm.
        seed: of its order, model and training.
        shards: folder of its records.
        folder: of the run; what the comparison needs of it is kept beside it when it has ended.
        options: of `hardness train`.
        threads: of its process.
    """

    arm: str
    seed: int
    shards: str
    folder: str
    options: Mapping[str, Any]
    threads: int


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """What came of a run.

    Attributes:
        arm, seed: which run.
        evaluations: every evaluation, each with its `step`, the last one at the end.
        steps: optimiser steps in all.
        mean_weight: mean ω over all samples of the run.
    """

    arm: str
    seed: int
    evaluations: Sequence[Mapping[str, Any]] = field(default_factory=list)
    steps: int
    mean_weight: float | None


def plan_runs(
    arm: Arm,
    seeds: Sequence[int],
    *,
    table: Path,
    eval: Sequence[str],
    folder: Path,
    threads: int,
    running: Mapping[str, Any],
) -> list[RunPlan]:
    """Build an arm's shards, where they are not there yet, and say which runs it needs.

    The shards hold every epoch, so that all arms, those whose order says which records come in
    which epoch too, are trained in one pass. It is of one length for all orders that train on every
    record once an epoch.

    Args:
        arm: what is built and trained.
        seeds: of order, model and training alike.
        table: what is built from.
        eval: files to evaluate on, URLs too.
        folder: of the whole comparison.
        threads: of each training process.
        running: `memory` and `progress` of the builds.
    """
    plans = []
    training = {**arm.train, "epochs": 1}
    for seed in seeds:
        # Arms that differ in their training alone share their shards.
        options = {**arm.build, "seed": seed, "epochs": arm.train.get("epochs", EPOCHS)}
        shards = folder / "shards" / object_digest(options)[:12]
        built = hardness.build(table, output=shards, overwrite=True, **options, **running)
        steps = -(-built.rows // arm.train.get("batch_size", TrainConfig.batch_size))
        own = {
            "seed": seed,
            "eval": [file if is_url(file) else str(Path(file).resolve()) for file in eval],
        }
        plans.append(
            RunPlan(
                arm=arm.name,
                seed=seed,
                shards=str(shards),
                folder=str(folder / "runs" / folder_name(arm.name) / f"seed-{seed}"),
                options={"eval_every": max(1, -(-steps // EVALUATIONS)), **training, **own},
                threads=threads,
            )
        )
    return plans


def train_all(plans: Sequence[RunPlan], cluster: Cluster, folder: Path) -> list[RunOutcome]:
    """Make every run that is not there yet, as many at a time as the cluster has room for."""
    folder.mkdir(parents=True, exist_ok=True)
    with cluster.sharing(folder):
        done = cluster.map("training", train_one, plans, unit="runs")
    return [RunOutcome(**outcome) for outcome in done]


def train_one(plan: RunPlan) -> dict[str, Any]:
    """What came of a run, made now unless an earlier call has made it.

    Raises:
        HardnessError: the training refused its options or data.
        RuntimeError: it ended otherwise; the end of what it said is told.
    """
    target = Path(plan.folder)
    mark = target.with_name(f"{target.name}.{DONE}")
    manifest = read_manifest(Path(plan.shards)).to_dict()
    identity = object_digest(
        {
            "options": dict(plan.options),
            "shards": [shard["xxh3_128"] for shard in manifest["shards"]],
            "code": hardness.__version__,
        }
    )
    found = read_json(mark) if mark.is_file() else {}
    if found.get("identity") != identity:
        shutil.rmtree(target, ignore_errors=True)
        write_json(mark, {"identity": identity, "outcome": None})
    elif found["outcome"] is not None:
        return found["outcome"]
    _train(plan)
    outcome = asdict(_outcome(plan))
    write_json(mark, {"identity": identity, "outcome": outcome})
    return outcome


def _train(plan: RunPlan) -> None:
    words = [sys.executable, "-m", "hardness", "train", plan.shards, "-o", plan.folder]
    # Two checkpoints of every run would stay on the disk, each with both moments of AdamW.
    command = [*words, *as_arguments({"checkpoint_every": 0, **plan.options})]
    # The number of threads decides how sums are rounded, so it is fixed for every machine.
    environment = {**os.environ, "OMP_NUM_THREADS": str(plan.threads)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode == 0:
        return
    said = ended.stderr.strip().splitlines() or ["nothing"]
    where = f"{plan.arm}, seed {plan.seed}"
    if ended.returncode == 2 and said[-1].startswith("error: "):
        raise HardnessError(f"{where}: {said[-1].removeprefix('error: ')}")
    tail = "\n".join(said[-5:])
    raise RuntimeError(f"{where}: training ended with code {ended.returncode}:\n{tail}")


def _outcome(plan: RunPlan) -> RunOutcome:
    folder = Path(plan.folder)
    events = read_metrics(folder)
    trained = [line for line in events if line["event"] == "train" and line["weight_mean"]]
    samples = sum(line["samples"] for line in trained)
    weighed = sum(line["weight_mean"] * line["samples"] for line in trained)
    return RunOutcome(
        arm=plan.arm,
        seed=plan.seed,
        evaluations=[line for line in events if line["event"] == "eval"],
        steps=read_json(folder / names.RESULT)["steps"],
        mean_weight=weighed / samples if samples else None,
    )
