"""Putting a run together: model, optimizer, stream, loop and what happens between steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from hardness.training import dynamics, names
from hardness.training import folder as run_folder
from hardness.training.batches import BatchPlan
from hardness.training.checkpoint import Checkpoints, full_state
from hardness.training.config import TrainConfig
from hardness.training.data import BatchStream, InOrder, StepBatch, prefetched
from hardness.training.evaluation import evaluate
from hardness.training.listener import Listener
from hardness.training.loop import Loop
from hardness.training.meter import Meter
from hardness.training.metrics_log import MetricsLog
from hardness.training.milestones import Milestones
from hardness.training.parallel import World
from hardness.training.setup import Setup
from hardness.training.signals import StopRequest
from hardness.training.wrap import merged, spread, unwrapped


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that is ready to go, from wherever it was left."""

    setup: Setup
    world: World
    model: Any
    loop: Loop
    milestones: Milestones
    steps: Iterator[StepBatch]

    def save_model(self, name: str) -> None:
        """Save the model as it is in `save_pretrained` form; every rank must call it."""
        save_model(self.setup, self.world, self.model, name)


@contextmanager
def assemble(
    setup: Setup, world: World, model: Any, listener: Listener, stop: StopRequest
) -> Iterator[Run]:
    """The run, resumed from its newest checkpoint if it has one; closes its files in the end.

    Args:
        setup: its data and task.
        world: the ranks.
        model: what `setup.make_model` made.
        listener: is told of steps and evaluations.
        stop: whether to stop early.
    """
    config, plan, output = setup.config, setup.plan, Path(setup.config.output)
    model = spread(model, config, world, _probe(setup))
    meter = Meter(world)
    recorder = _recorder(config, world)
    milestones = _milestones(setup, world, model, meter, listener, recorder)
    start = milestones.resume()
    if world.first:
        dynamics.discard_after(output / names.DYNAMICS, start // plan.steps_per_epoch)
    world.barrier()
    log = MetricsLog(
        output / names.METRICS if world.first else None,
        step=start,
        tensorboard=output / names.EVENTS if config.tensorboard else None,
    )
    milestones.log = log.write
    stream = BatchStream(
        source=setup.make_source(output),
        plan=plan,
        task=setup.task,
        rank=world.rank,
        world_size=world.size,
    )
    loop = Loop(
        config=config,
        plan=plan,
        world=world,
        model=model,
        optimizer=milestones.optimizer,
        task=setup.task,
        weigher=setup.make_weigher(world),
        meter=meter,
        log=log.write,
        listener=listener,
        stop=stop,
        observe=recorder.observe if recorder and config.record_dynamics == "during" else None,
        after_step=milestones.after_step,
        save=milestones.save,
    )
    steps = prefetched(lambda: stream.steps(start))
    with log, closing(steps):
        yield Run(
            setup=setup, world=world, model=model, loop=loop, milestones=milestones, steps=steps
        )


def _recorder(config: TrainConfig, world: World) -> dynamics.Recorder | None:
    if config.record_dynamics is None:
        return None
    folder = Path(config.output) / names.DYNAMICS
    return dynamics.Recorder(folder, rank=world.rank, with_logits=config.record_logits)


def _milestones(
    setup: Setup,
    world: World,
    model: Any,
    meter: Meter,
    listener: Listener,
    recorder: dynamics.Recorder | None,
) -> Milestones:
    """What happens between steps: evaluations, checkpoints, dynamics, the best model."""
    config = setup.config
    observe_epoch = None
    if recorder is not None and config.record_dynamics == "after":
        observe_epoch = partial(_observe_all, setup, world, model, recorder)
    return Milestones(
        config=config,
        plan=setup.plan,
        world=world,
        model=model,
        optimizer=make_optimizer(model, config),
        meter=meter,
        listener=listener,
        checkpoints=Checkpoints(
            folder=Path(config.output) / names.CHECKPOINTS, world=world, keep=config.keep
        ),
        evaluate=_evaluator(setup, model, world),
        recorder=recorder,
        observe_epoch=observe_epoch,
        save_best=partial(save_model, setup, world, model, names.BEST),
    )


def make_optimizer(model: torch.nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW over what is trainable; vectors (norms, biases) do not decay."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.peak_lr)


def save_model(setup: Setup, world: World, model: torch.nn.Module, name: str) -> None:
    """Save model and tokenizer as the folder `name` of the run; every rank must call it."""
    config = setup.config
    plain = unwrapped(model)
    if config.lora is not None or (world.size > 1 and config.parallel == "fsdp"):
        state = full_state(model)
        if world.first:  # a whole model of its own, since the one that learns must stay as it is
            plain = setup.make_model()
            plain.load_state_dict(state)
            plain = merged(plain)
    if world.first:
        run_folder.save_model(Path(config.output) / name, plain, setup.tokenizer)
    world.barrier()


def _probe(setup: Setup) -> dict[str, torch.Tensor]:
    """Inputs of a batch like any other, but with nothing in it."""
    pad = setup.tokenizer.pad_token_id
    types = None if setup.task.padding.types is None else [0] * 8
    example = replace(setup.task.padding, ids=[pad] * 8, types=types)
    return setup.task.collate([example, example])[0]


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


def _observe_all(
    setup: Setup, world: World, model: Any, recorder: dynamics.Recorder, epoch: int
) -> None:
    """Have the recorder observe every record with the model as it is after the epoch."""
    shards = setup.observed
    repeats, rows = shards.manifest.repeats, shards.rows
    if repeats:  # the model is the same each time that a record comes
        rows = shards.manifest.occurrences["records"]
    plan = BatchPlan(rows=rows, batch_size=setup.plan.batch_size, epochs=1)
    columns = [name for name in setup.columns if name in shards.columns]
    source = InOrder(shards, columns, once=repeats)
    stream = BatchStream(
        source=source, plan=plan, task=setup.task, rank=world.rank, world_size=world.size
    )
    model.eval()
    with torch.no_grad(), closing(prefetched(stream.steps)) as steps:
        for step in steps:
            for micro in step.micro_batches:
                batch = micro.to(world.device)
                logits = model(**batch.inputs).logits
                recorder.observe(batch, logits, setup.task.terms(logits, batch.targets)[1])
    model.train()
