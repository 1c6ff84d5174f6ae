"""Curricula, weightings and dynamics for the `Trainer` of Hugging Face transformers.

    trainer = HardnessTrainer(
        model=model, args=args, train_dataset=shards, data_collator=collator, weighting="s-loss"
    )

`train_dataset` holds the records in training order with their column `hardness` beside the model's
inputs, as `datasets.load_dataset("parquet", data_files="shards/*.parquet")` gives them before they
are tokenised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import SequentialSampler
from transformers import Trainer, TrainerCallback
from transformers.data.data_collator import default_data_collator

from hardness.errors import HardnessError
from hardness.training.data import UNDEFINED_HARDNESS
from hardness.training.dynamics import Recorder
from hardness.training.examples import IGNORED, Batch
from hardness.training.losses import (
    class_losses,
    class_terms,
    token_losses,
    token_terms,
    trained_tokens,
)
from hardness.training.parallel import World
from hardness.training.reduction import weighted_sum
from hardness.training.weigher import Weigher, WeightStatistics
from hardness.weighting import resolve

BESIDE = ("row", "hardness", "weight", "position")
"""Columns of shards that are no inputs of a model."""


class HardnessTrainer(Trainer):
    """A `Trainer` that keeps the order of its data and weighs each sample's loss.

    The loss is Σ ω_i l_i / M for classification and Σ ω_i (n_i / Σn) l_i for language models, with
    M and Σn counted over all processes and accumulation steps. With `uniform` it is the loss of the
    plain `Trainer`, except where that one adds up the means of accumulated batches: it does for
    classifiers of decoder models, which take the number of items and leave it unused.

    Args:
        args, kwargs: those of `Trainer`.
        weighting: name of the weighting, with its number after a colon where it takes one.
        ramp: how fast a weighting that follows progress moves.
        weight_norm: divide by the mean ω of the `batch` (all processes), or `none`.
        r_start, r_end: temperatures of online weightings during and after their warm-up.
        r_warmup: share of the steps of that warm-up, in [0, 1).

    Raises:
        HardnessError: an unknown weighting or option; a column that it needs is not in a batch.
    """

    def __init__(
        self,
        *args: Any,
        weighting: str = "uniform",
        ramp: str = "linear",
        weight_norm: str = "none",
        r_start: float = 100.0,
        r_end: float = 1.0,
        r_warmup: float = 0.1,
        **kwargs: Any,
    ) -> None:
        self._weighting = resolve(weighting)
        if weight_norm not in ("none", "batch"):
            raise HardnessError(
                f"weight_norm must be none or batch, got {weight_norm!r}; a trainer that is given "
                "its data does not know the mean over all of it"
            )
        self._weigher_options = {"ramp": ramp, "norm": weight_norm, "r_start": r_start}
        self._weigher_options |= {"r_end": r_end}
        self._r_warmup = r_warmup
        self._weigher: Weigher | None = None
        self._statistics: WeightStatistics | None = None
        super().__init__(*args, **kwargs)
        # Its own reduction is over the whole accumulated batch, so that nothing is left to scale.
        self.loss_is_scaled_for_ga = True
        self.model_accepts_loss_kwargs = True

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        """The order of the data, whatever the arguments say."""
        records: Any = self.train_dataset if train_dataset is None else train_dataset
        return SequentialSampler(records)

    def _set_signature_columns_if_needed(self) -> None:
        """Keep the columns of shards when those that the model does not take are removed."""
        super()._set_signature_columns_if_needed()
        columns = self._signature_columns or []
        self._signature_columns = [*columns, *(c for c in BESIDE if c not in columns)]

    def get_batch_samples(
        self, epoch_iterator: Any, num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:
        """The micro-batches of a step, and the units in those of all processes."""
        samples, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        own = sum(_units(batch["labels"]).sum().item() for batch in samples)
        total = torch.tensor(float(own), dtype=torch.float64, device=device)
        return samples, self._world().sum(total)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The weighted loss of a micro-batch in training; the model's own loss in evaluation."""
        beside = {name: inputs.pop(name) for name in BESIDE if name in inputs}
        if num_items_in_batch is None or not model.training:
            return super().compute_loss(model, inputs, return_outputs=return_outputs)
        labels = inputs["labels"]
        outputs = model(**{name: value for name, value in inputs.items() if name != "labels"})
        losses, units = _losses(outputs.logits, labels), _units(labels)
        weights = self._weights(losses, units, beside)
        total = weighted_sum(losses, weights, units)
        loss = total * (self.args.world_size / num_items_in_batch.clamp(min=1)).to(total.dtype)
        return (loss, outputs) if return_outputs else loss

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Add the statistics of ω to the lines of training losses."""
        if self._statistics is not None and "loss" in logs:
            logs |= {k: v for k, v in self._statistics.read(self._world()).items() if v is not None}
        super().log(logs, *args, **kwargs)

    def _world(self) -> World:
        return World(
            rank=self.args.process_index, size=self.args.world_size, device=self.args.device
        )

    def _weights(self, losses: Tensor, units: Tensor, beside: Mapping[str, Tensor]) -> Tensor:
        """ω of this process's micro-batch, among those of all processes."""
        if self._weigher is None:
            total = self.state.max_steps
            self._weigher = Weigher(
                weighting=self._weighting,
                world=self._world(),
                total_steps=total,
                r_warmup_steps=math.ceil(self._r_warmup * total),
                **self._weigher_options,  # pyright: ignore[reportArgumentType]
            )
            self._statistics = WeightStatistics(losses.device)
        # The last batch of an epoch is shorter, and not on all processes alike; padded with
        # samples without units all are as long as the others, and can be compared.
        short = self.args.per_device_train_batch_size - len(losses)

        def padded(values: Tensor, fill: float) -> Tensor:
            return torch.nn.functional.pad(values, (0, short), value=fill)

        columns = self._columns(losses, beside)
        batch = Batch(
            inputs={},
            targets=units,
            units=padded(units, 0.0),
            rows=np.zeros(len(losses) + short, np.uint64),
            hardness=padded(columns["hardness"], UNDEFINED_HARDNESS),
            weight=padded(columns["weight"], 0.0) if "weight" in columns else None,
            complete=short == 0 and bool((units > 0).all()),
        )
        weights = self._weigher(
            batch,
            padded(losses, 0.0),
            step=self.state.global_step,
            global_size=batch.size * self.args.world_size,
        )[: len(losses)]
        assert self._statistics is not None
        self._statistics.add(weights, units)
        return weights

    def _columns(self, losses: Tensor, beside: Mapping[str, Tensor]) -> dict[str, Tensor]:
        columns = {name: beside[name].double() for name in ("hardness", "weight") if name in beside}
        missing = [
            name
            for name in ("hardness", "weight")
            if name in self._weighting.needs and name not in columns
        ]
        if missing and self._weighting.name != "uniform":
            raise HardnessError(
                f"train_dataset must have the column {missing[0]} for {self._weighting.name!r}, "
                "got batches without it; keep it beside the inputs and let the collator pass it"
            )
        columns.setdefault("hardness", torch.full_like(losses, UNDEFINED_HARDNESS).double())
        columns["hardness"] = columns["hardness"].nan_to_num(UNDEFINED_HARDNESS)
        return columns


class DynamicsCallback(TrainerCallback):
    """Records training dynamics after each epoch of any `Trainer`, by a pass over the data.

    Writes `epoch-001/rank-0.parquet` and so on into `folder`; each process takes its share.

    Args:
        folder: where to, such as `run/dynamics`.
        dataset: the training records with their model inputs and labels, and `row` if they have it;
            otherwise the index in the dataset is the row.
        collator: makes a batch of records; by default all must be of one length.
        batch_size: records in a batch.
        with_logits: record the logits of each class too.
    """

    def __init__(
        self,
        folder: str | Path,
        dataset: Any,
        *,
        collator: Callable[[list[Any]], Mapping[str, Tensor]] = default_data_collator,
        batch_size: int = 32,
        with_logits: bool = False,
    ) -> None:
        self._folder = Path(folder)
        self._dataset = dataset
        self._collator = collator
        self._batch_size = batch_size
        self._with_logits = with_logits

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Observe every record with the model as it is now."""
        model, epoch = kwargs["model"], round(state.epoch) - 1
        recorder = Recorder(self._folder, rank=args.process_index, with_logits=self._with_logits)
        training = model.training
        model.eval()
        mine = range(args.process_index, len(self._dataset), args.world_size)
        with torch.no_grad():
            for start in range(0, len(mine), self._batch_size):
                self._observe(model, recorder, mine[start : start + self._batch_size])
        model.train(training)
        recorder.finish_epoch(epoch)

    def _observe(self, model: Any, recorder: Recorder, indices: Sequence[int]) -> None:
        records = [dict(self._dataset[index]) for index in indices]
        rows = [int(r.get("row", i)) for r, i in zip(records, indices, strict=True)]
        inputs = self._collator(
            [{k: v for k, v in record.items() if k not in BESIDE} for record in records]
        )
        device = next(model.parameters()).device
        moved = {name: value.to(device) for name, value in inputs.items()}
        labels = moved.pop("labels")
        batch = Batch(
            inputs={},
            targets=_targets(labels),
            units=_units(labels),
            rows=np.array(rows, np.uint64),
            hardness=torch.zeros(len(rows)),
            weight=None,
            complete=True,
        )
        logits = model(**moved).logits
        terms = class_terms if labels.ndim == 1 else token_terms
        recorder.observe(batch, logits, terms(logits, batch.targets)[1])


def _targets(labels: Tensor) -> Tensor:
    """Class ids [m] as they are; of tokens [m, T] the one after each position."""
    if labels.ndim == 1:
        return labels
    return torch.nn.functional.pad(labels[:, 1:], (0, 1), value=IGNORED)


def _units(labels: Tensor) -> Tensor:
    """[m] float64: 1 for a class, the number of trained tokens for a text."""
    if labels.ndim == 1:
        return (labels != IGNORED).double()
    return trained_tokens(_targets(labels)).double()


def _losses(logits: Tensor, labels: Tensor) -> Tensor:
    return (class_losses if labels.ndim == 1 else token_losses)(logits, _targets(labels))
