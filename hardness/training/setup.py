"""What a run finds out about its data and model before the first step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from hardness.curriculum.manifest import HARDNESS, ROW, WEIGHT
from hardness.curriculum.shards import Shards, open_shards
from hardness.errors import HardnessError
from hardness.training.batches import BatchPlan
from hardness.training.chat import ChatLM, is_chat
from hardness.training.columns import prompt_and_response
from hardness.training.config import CAUSAL_LM, CLASSIFICATION, EPOCHS, TrainConfig
from hardness.training.data import UNDEFINED_HARDNESS, InOrder, distinct
from hardness.training.evaluation import EvalSet, load_eval_set
from hardness.training.examples import column_texts
from hardness.training.labels import label_ids
from hardness.training.listener import Listener
from hardness.training.models import (
    longest_input,
    make_model,
    make_tokenizer,
    model_digest,
    model_labels,
)
from hardness.training.parallel import World
from hardness.training.shuffle import Shuffled
from hardness.training.tasks import CausalLM, Classification, Task
from hardness.training.weigher import Weigher
from hardness.training.wrap import add_lora, choose_trainable
from hardness.weighting import resolve

TOKENIZER_ROWS = 200_000
"""About how many records the tiny tokenizer is trained on: beyond that its merges hardly change."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A run's data, task and tokenizer."""

    config: TrainConfig
    shards: Shards
    task: Task
    tokenizer: Any
    labels: Mapping[str, int]
    """Name → class id; empty for a causal LM."""
    max_length: int
    """Longest example in tokens."""
    plan: BatchPlan
    eval_set: EvalSet | None
    observed: Shards
    """Whose records are observed after each epoch, if they are: those trained on or others."""

    @property
    def columns(self) -> list[str]:
        """The columns of the shards that the run reads."""
        own = [name for name in (ROW, HARDNESS, WEIGHT) if name in self.shards.columns]
        return [*dict.fromkeys(self.task.columns), *own]

    def make_model(self) -> Any:
        """The model before the first step, on the CPU, with what shall learn chosen."""
        config = self.config
        model = make_model(config, self.task.name, self.tokenizer, self.labels, self.max_length)
        if config.lora is not None:
            with torch.random.fork_rng():
                torch.manual_seed(config.seed)
                model = add_lora(model, config.lora, self.task.name)
        if config.trainable is not None:
            choose_trainable(model, config.trainable)
        return model

    def make_weigher(self, world: World) -> Weigher:
        """The weighting of the options, over this data."""
        config = self.config
        total = self.plan.total_steps
        return Weigher(
            weighting=resolve(config.weighting),
            world=world,
            total_steps=total,
            ramp=config.ramp,
            norm=config.weight_norm,
            dataset=self._dataset_columns(world) if config.weight_norm == "dataset" else None,
            r_start=config.r_start,
            r_end=config.r_end,
            r_warmup_steps=math.ceil(config.r_warmup * total),
        )

    def _dataset_columns(self, world: World) -> dict[str, Tensor]:
        """`hardness` and `weight` of all records, or their means where those are enough."""
        weighting = resolve(self.config.weighting)
        columns = {}
        for name, undefined in ((HARDNESS, UNDEFINED_HARDNESS), (WEIGHT, 0.0)):
            if name in weighting.needs:
                values = pc.fill_null(self.shards.column(name), undefined)
                tensor = torch.from_numpy(values.to_numpy().astype("float64"))
                tensor = tensor.mean(0, keepdim=True) if weighting.affine else tensor
                columns[name] = tensor.to(world.device)
        return columns

    def make_source(self, folder: Path) -> InOrder | Shuffled:
        """The records in the order to train on."""
        if self.config.shuffle:
            return Shuffled(self.shards, self.columns, seed=self.config.seed, folder=folder)
        return InOrder(self.shards, self.columns)


def prepare(config: TrainConfig, listener: Listener, world: World) -> Setup:
    """Open the shards, choose the task and its columns, make the tokenizer, read the eval data.

    Raises:
        HardnessError: the shards, the model or the evaluation data do not fit the options.
    """
    shards = open_shards(config.shards, verify=config.verify)
    _check_weighting(config, shards)
    _check_recording(config, shards)
    name = _choose_task(config, shards, listener)
    prompt, response = _choose_columns(config, shards, name)
    labels: dict[str, int] = {}
    if name == CLASSIFICATION:
        labels = label_ids(shards.labels(), known=model_labels(config))
        listener.note(f"label: {shards.manifest.columns.label} ({', '.join(labels)})")
    max_length = longest_input(config)
    tokenizer = make_tokenizer(config, _texts(shards, [*prompt, *response]), max_length, world)
    task = _make_task(name, shards, tokenizer, labels, prompt, response, max_length)
    listener.note(f"text: {_described_columns(name, prompt, response)}")
    return Setup(
        config=config,
        shards=shards,
        task=task,
        tokenizer=tokenizer,
        labels=labels,
        max_length=max_length,
        plan=BatchPlan(
            rows=shards.rows,
            batch_size=config.batch_size,
            epochs=config.epochs or _default_epochs(shards, listener),
            accumulate=config.accumulate,
            held=shards.manifest.epochs,
        ),
        eval_set=None if config.eval is None else load_eval_set(config.eval, task, shards.manifest),
        observed=shards if config.observe is None else _open_observed(config, task),
    )


def _open_observed(config: TrainConfig, task: Task) -> Shards:
    assert config.observe is not None
    shards = open_shards(config.observe, verify=config.verify)
    missing = [name for name in task.columns if name not in shards.columns]
    if missing:
        raise HardnessError(
            f"observe must have the columns {', '.join(task.columns)}, got no "
            f"{', '.join(missing)}; observe shards with the columns of the training data"
        )
    return shards


def describe(setup: Setup) -> dict[str, Any]:
    """Everything that decides the result of the run, for its config.json."""
    config = setup.config
    return {
        "options": config.to_dict(),
        "data": {
            "rows": setup.shards.rows,
            "order": setup.shards.manifest.curriculum.get("order"),
            "manifest_digest": setup.shards.manifest.digest,
            "eval_digest": None if setup.eval_set is None else setup.eval_set.digest,
            "observed_digest": None if config.observe is None else setup.observed.manifest.digest,
            "model_digest": model_digest(config),
        },
        "resolved": {
            "task": setup.task.name,
            "columns": list(setup.task.columns),
            "labels": dict(setup.labels),
            "lr": config.peak_lr,
            "max_length": setup.max_length,
            "epochs": setup.plan.epochs,
            "total_steps": setup.plan.total_steps,
        },
    }


def _check_weighting(config: TrainConfig, shards: Shards) -> None:
    weighting = resolve(config.weighting)
    if "weight" in weighting.needs and WEIGHT not in shards.columns:
        raise HardnessError(
            f"weighting must be one that the shards can serve, got {config.weighting!r} and shards "
            f"without a column {WEIGHT}; build them with --weighting or choose another here"
        )


def _check_recording(config: TrainConfig, shards: Shards) -> None:
    if config.record_dynamics == "during" and shards.manifest.repeats:
        raise HardnessError(
            "record_dynamics must be 'after' for shards that hold a record up to "
            f"{shards.manifest.occurrences['most']} times, got 'during', which needs each record "
            "once an epoch; use --record-dynamics after"
        )


def _default_epochs(shards: Shards, listener: Listener) -> int:
    """Passes over the shards where nobody says: `EPOCHS`, or 1 over a whole training's sequence."""
    manifest = shards.manifest
    if manifest.epochs == 1 and not manifest.repeats:
        return EPOCHS
    held = f"{manifest.epochs} epochs" if manifest.epochs > 1 else "a schedule that repeats records"
    listener.note(f"epochs: 1, as the shards hold {held}")
    return 1


def _choose_task(config: TrainConfig, shards: Shards, listener: Listener) -> str:
    label = shards.manifest.columns.label
    if config.task == CLASSIFICATION and label is None:
        raise HardnessError(
            "task must be causal-lm for data without a label column, got 'classification'; "
            "score the data with --label NAME and build again, or use --task causal-lm"
        )
    if config.task is not None:
        return config.task
    if label is None:
        listener.note("task: causal-lm, because the data has no label column")
        return CAUSAL_LM
    listener.note(f"task: classification, because the data has the label column {label}")
    return CLASSIFICATION


def _choose_columns(
    config: TrainConfig, shards: Shards, task: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns before and after the point where a causal LM starts to learn."""
    text = tuple(shards.manifest.columns.text)
    prompt, response = config.prompt_columns, config.response_columns
    if task == CLASSIFICATION:
        if prompt is not None or response is not None:
            raise HardnessError(
                "prompt and response must be left out for classification, got them; "
                "use --task causal-lm"
            )
        return text[:-1], text[-1:]
    return prompt_and_response(text, prompt, response, known=shards.columns)


def _make_task(
    name: str,
    shards: Shards,
    tokenizer: Any,
    labels: Mapping[str, int],
    prompt: tuple[str, ...],
    response: tuple[str, ...],
    max_length: int,
) -> Task:
    if name == CAUSAL_LM:
        if not prompt and len(response) == 1 and is_chat(shards.schema.field(response[0]).type):
            return ChatLM(tokenizer=tokenizer, messages=response[0], max_length=max_length)
        return CausalLM(
            tokenizer=tokenizer, prompt=prompt, response=response, max_length=max_length
        )
    label = shards.manifest.columns.label
    assert label is not None
    return Classification(
        tokenizer=tokenizer,
        text=[*prompt, *response],
        label=label,
        ids=labels,
        max_length=max_length,
    )


def _described_columns(task: str, prompt: tuple[str, ...], response: tuple[str, ...]) -> str:
    if task == CLASSIFICATION:
        return " + ".join([*prompt, *response])
    return " → ".join(filter(None, [" + ".join(prompt), " + ".join(response)]))


def _texts(shards: Shards, columns: list[str]) -> Iterator[str]:
    """The texts of a share of the records, chosen by row: whatever their order, and each once.

    Rows are mixed first (Knuth's multiplicative hash, by 2**64 over the golden ratio), since those
    that a curriculum selects may well have no multiple of the stride among them.
    """
    stride = -(-shards.manifest.occurrences.get("records", shards.rows) // TOKENIZER_ROWS)
    tables = shards.tables([*dict.fromkeys(columns), ROW])
    for table in distinct(tables) if shards.manifest.repeats else tables:
        if stride > 1:
            mixed = (table.column(ROW).to_numpy() * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
            table = table.filter(pa.array(mixed % stride == 0))
        for name in columns:
            yield from column_texts(table, [name])
