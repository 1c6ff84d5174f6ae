"""`hardness.train`: from shards to a trained model in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from hardness.io.atomic import read_json, write_json
from hardness.training import folder as run_folder
from hardness.training.config import TrainConfig
from hardness.training.data import BatchStream, InOrder, prefetched
from hardness.training.evaluation import evaluate
from hardness.training.listener import Listener
from hardness.training.loop import Loop
from hardness.training.metrics_log import METRICS_NAME, MetricsLog
from hardness.training.parallel import World, choose_device
from hardness.training.reproducible import reproducible
from hardness.training.setup import Setup, describe, prepare
from hardness.training.weigher import Weigher
from hardness.weighting import resolve


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A finished run."""

    output: Path
    """Folder of the run."""
    model: Path
    """Folder of the final model, in `save_pretrained` form."""
    steps: int
    """Optimiser steps taken."""
    evaluation: Mapping[str, Any] | None
    """Metrics of the last evaluation, None if there was nothing to evaluate on."""
    cached: bool
    """Whether the same run was already complete, so that nothing was done."""


def train(
    shards: str | Path,
    output: str | Path,
    *,
    listener: Listener | None = None,
    **options: Any,
) -> RunResult:
    """Train a model on shards, in their order.

    The same options on the same shards give the same parameters, to the bit on a CPU.

    Args:
        shards: folder that `hardness build` wrote.
        output: folder of the run.
        listener: is told of what is detected, of every step and of every evaluation.
        options: the fields of `hardness.training.config.TrainConfig`.

    Returns:
        Where everything is, and the last evaluation.

    Raises:
        HardnessError: wrong options, shards, evaluation data or model.
    """
    config = TrainConfig.of(shards=shards, output=output, **options)
    world = World(device=choose_device(config.device))
    with reproducible():
        return _train(config, world, listener or Listener())


def _train(config: TrainConfig, world: World, listener: Listener) -> RunResult:
    setup = prepare(config, listener)
    output = Path(config.output)
    if run_folder.claim(output, run_folder.config_of(describe(setup), world), config.overwrite):
        listener.note(f"{output} already holds this run, complete: nothing to do")
        return _result(output, read_json(output / run_folder.RESULT_NAME), cached=True)
    model = setup.make_model().to(world.device)
    stream = BatchStream(
        source=InOrder(setup.shards, setup.columns), plan=setup.plan, task=setup.task
    )
    with MetricsLog(output / METRICS_NAME) as log:
        loop = Loop(
            config=config,
            plan=setup.plan,
            world=world,
            model=model,
            optimizer=make_optimizer(model, config),
            task=setup.task,
            weigher=Weigher(
                resolve(config.weighting), world=world, total_steps=setup.plan.total_steps
            ),
            log=log.write,
            evaluate=_evaluator(setup, model, world),
            listener=listener,
        )
        evaluation = loop.run(prefetched(stream.steps))
    run_folder.save_model(output, model, setup.tokenizer)
    result = {"steps": setup.plan.total_steps, "evaluation": evaluation}
    write_json(output / run_folder.RESULT_NAME, result)
    return _result(output, result, cached=False)


def make_optimizer(model: torch.nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW over what is trainable; vectors (norms, biases) do not decay."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.peak_lr)


def _evaluator(setup: Setup, model: Any, world: World) -> Any:
    if setup.eval_set is None:
        return None
    return partial(
        evaluate,
        model,
        setup.task,
        setup.eval_set,
        world=world,
        batch_size=max(setup.config.batch_size, 32),
    )


def _result(output: Path, result: Mapping[str, Any], *, cached: bool) -> RunResult:
    return RunResult(
        output=output,
        model=output / run_folder.MODEL_NAME,
        steps=result["steps"],
        evaluation=result["evaluation"],
        cached=cached,
    )
