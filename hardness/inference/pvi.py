"""The `pvi` metric: what a text tells a classifier about its label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from hardness.inference import parameters as common
from hardness.inference.columns import counts, nullable
from hardness.inference.compute import class_nats
from hardness.inference.labelled import LabelledTask, LabelledText, label_names, labelled_text
from hardness.inference.models import Loaded, ModelSpec, loaded
from hardness.inference.parameters import max_length, spec
from hardness.inference.probe import Encoded, Found, Pass
from hardness.inference.stage import run as run_probe
from hardness.inference.stage import store_bytes
from hardness.io.dataset import Dataset
from hardness.io.records import Columns, Partition
from hardness.metrics.model_options import N_CUT
from hardness.metrics.pvi import PviConfig
from hardness.stages.label_counts import label_notes
from hardness.stages.partitions import map_partitions
from hardness.stages.run import Run, Tally
from hardness.training.config import CLASSIFICATION

__all__ = ["check", "parameters", "run", "store_bytes"]


@dataclass(frozen=True, kw_only=True)
class PviProbe:
    """One pass of the classifier."""

    passes: tuple[Pass, ...]
    text: LabelledText
    null_nats: Mapping[str, float]
    """-ln p(label) of each label, without the text."""

    @property
    def columns(self) -> tuple[str, ...]:
        return self.text.columns

    def task(self, model: Loaded) -> LabelledTask:
        return self.text.task(model)

    def encode(self, task: LabelledTask, table: pa.Table) -> list[Encoded]:
        return self.text.encode(task, table)

    def finish(self, found: Found) -> Mapping[str, Any]:
        nats, predicted, label = found.values[0]
        names = {index: name for name, index in loaded(self.passes[0].spec).labels.items()}
        without = {index: self.null_nats.get(name, np.nan) for index, name in names.items()}
        null_nats = np.array([without.get(index, np.nan) for index in label])
        return {
            "pvi": nullable((null_nats - nats) / np.log(2)),
            "confidence": nullable(np.exp(-nats)),
            "predicted": pa.array([names.get(index) for index in predicted], pa.string()),
            N_CUT: counts(found.cut),
        }


def parameters(config: PviConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores.

    Raises:
        HardnessError: a model is no classifier.
    """
    found = common.parameters(config, columns, task=CLASSIFICATION)
    return found | {"label": columns.label}


def check(config: PviConfig, dataset: Dataset) -> None:
    """Raises HardnessError if the data has no label column."""
    _text(dataset, config)


def run(task: Run, config: PviConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    text = _text(task.dataset, config)
    counted: Counter[str] = Counter()
    if config.null_model is None:
        counted = _label_counts(task, text.label)
        null_nats = {
            name: float(np.log(counted.total() / number)) for name, number in counted.items()
        }
    else:
        null = spec(config, "null_model", CLASSIFICATION)
        (null_nats,) = task.cluster.serial().map(
            "asking the null model", partial(_without_text, spec=null), [text]
        )
    passes = (Pass(spec=spec(config, "model", CLASSIFICATION), compute=class_nats, size=3),)
    probe = PviProbe(passes=passes, text=text, null_nats=null_nats)
    tally = run_probe(task, probe, batch_tokens=config.batch_tokens, max_length=text.max_length)
    if not counted:
        return tally
    return replace(
        tally,
        facts={**tally.facts, "classes": len(counted)},
        notes=(*tally.notes, *label_notes(counted, text.label)),
    )


def _text(dataset: Dataset, config: PviConfig) -> LabelledText:
    return labelled_text(dataset, "pvi", max_length=max_length(config))


def _label_counts(task: Run, label: str) -> Counter[str]:
    """How many records have each label; its share is what is known of it without the text."""
    count = partial(_count, label=label)
    found = map_partitions(task.cluster, "counting labels", count, task.dataset)
    return sum((Counter(own) for own in found), Counter[str]())


def _count(partition: Partition, *, dataset: Dataset, label: str) -> dict[str, int]:
    return dict(Counter(label_names(dataset.read(partition, [label]).table.column(label))))


def _without_text(text: LabelledText, *, spec: ModelSpec) -> dict[str, float]:
    """-ln p(label | no text) of each label that the null model knows."""
    model = loaded(spec)
    task = text.task(model)
    with torch.no_grad():
        nats = class_nats(model, task, text.empty(task, model.labels))[0]
    return dict(zip(model.labels, nats.tolist(), strict=True))
