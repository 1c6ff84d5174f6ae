"""`hardness.train`: from shards to a trained model in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardness.errors import require
from hardness.io.atomic import read_json, write_json
from hardness.io.storage import AnyPath
from hardness.training import folder as run_folder
from hardness.training import names
from hardness.training.assemble import assemble
from hardness.training.config import TrainConfig
from hardness.training.listener import Listener
from hardness.training.packages import packages
from hardness.training.parallel import World, join_world
from hardness.training.reproducible import reproducible
from hardness.training.setup import describe, prepare
from hardness.training.signals import listening


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
    best: Mapping[str, Any] | None
    """Metrics of the evaluation with the least loss, whose model is in the folder `best`."""
    cached: bool
    """Whether the same run was already complete, so that nothing was done."""

    @classmethod
    def of(cls, output: str | Path, found: Mapping[str, Any], *, cached: bool) -> RunResult:
        """The run whose result.json holds `found`."""
        output = Path(output)
        return cls(
            output=output,
            model=output / names.MODEL,
            steps=found["steps"],
            evaluation=found["evaluation"],
            best=found["best"],
            cached=cached,
        )


def train(
    shards: AnyPath,
    output: str | Path,
    *,
    listener: Listener | None = None,
    **options: Any,
) -> RunResult:
    """Train a model on shards, in their order.

    The same options on the same shards give the same parameters, to the bit on a CPU. A run that
    was stopped goes on from its newest checkpoint when it is called again. Under `torchrun`, every
    process calls this; otherwise `nproc` starts the processes.

    On a machine with other work, threads of torch that wait for each other must sleep and not spin.
    This is seen to by `OMP_WAIT_POLICY=passive`, unless the variable is set or torch was imported
    before `hardness.train` was first used: then set it before Python starts.

    Args:
        shards: folder that `hardness build` wrote, a URL too.
        output: folder of the run.
        listener: is told of what is detected, of every step and of every evaluation.
        options: the fields of `hardness.training.config.TrainConfig`.

    Returns:
        Where everything is, and the last evaluation.

    Raises:
        HardnessError: wrong options, shards, evaluation data or model; a package that is missing; a
            loss that is not finite.
        SystemExit: with code 143, after SIGTERM and a checkpoint.
    """
    config = TrainConfig.of(shards=str(shards), output=output, **options)
    require(*packages({"lora": config.lora, "tensorboard": config.tensorboard}))
    listener = listener or Listener()
    if config.nproc > 1 and "RANK" not in os.environ:
        from hardness.training.launch import launch

        found, cached = launch(config, listener)
        return RunResult.of(output, found, cached=cached)
    with join_world(config.device) as world, reproducible():
        return _train(config, world, listener if world.first else Listener())


def _train(config: TrainConfig, world: World, listener: Listener) -> RunResult:
    setup = prepare(config, listener, world)
    output = Path(config.output)
    described: dict[str, Any] = {}
    complete = False
    with world.first_decides():
        if world.first:
            described = run_folder.config_of(describe(setup), world)
            complete = run_folder.finished(output, described, config.overwrite)
    if world.agree(complete):
        listener.note(f"{output} already holds this run, complete: nothing to do")
        return RunResult.of(output, read_json(output / names.RESULT), cached=True)
    with listening() as stop:
        model = setup.make_model()  # one that cannot be made leaves the folder as it is
        with world.first_decides():
            if world.first:
                run_folder.claim(output, described, config.overwrite)
        with assemble(setup, world, model, listener, stop) as run:
            run.loop.run(run.steps)
            run.save_model(names.MODEL)
            found = {
                "steps": setup.plan.total_steps,
                "evaluation": run.milestones.evaluation,
                "best": run.milestones.best,
            }
    if world.first:
        write_json(output / names.RESULT, {**found, "files": run_folder.final_files(output)})
    world.barrier()
    return RunResult.of(output, found, cached=False)
