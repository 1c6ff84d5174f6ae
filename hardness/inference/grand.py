"""The `grand` metric: the gradient that a record gives the last layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from hardness.errors import HardnessError
from hardness.inference import parameters as common
from hardness.inference.columns import counts, nullable
from hardness.inference.compute import gradient_norm
from hardness.inference.labelled import LabelledTask, LabelledText, labelled_text
from hardness.inference.language import LanguageText, language_text
from hardness.inference.models import Loaded, check_folder, task_of
from hardness.inference.parameters import max_length, spec
from hardness.inference.probe import Encoded, Found, Pass
from hardness.inference.stage import run as run_probe
from hardness.inference.stage import store_bytes
from hardness.io.dataset import Dataset
from hardness.io.records import Columns
from hardness.metrics.model_options import N_CUT, LanguageConfig
from hardness.stages.run import Run, Tally
from hardness.training.config import CLASSIFICATION
from hardness.training.tasks import CausalLM

__all__ = ["check", "parameters", "run", "store_bytes"]


@dataclass(frozen=True, kw_only=True)
class GrandProbe:
    """One pass over labelled or plain text."""

    passes: tuple[Pass, ...]
    text: LabelledText | LanguageText

    @property
    def columns(self) -> tuple[str, ...] | None:
        return self.text.columns

    def task(self, model: Loaded) -> LabelledTask | CausalLM:
        return self.text.task(model)

    def encode(self, task: Any, table: pa.Table) -> list[Encoded]:
        return self.text.encode(task, table)

    def finish(self, found: Found) -> Mapping[str, Any]:
        return {"grand": nullable(found.values[0][0]), N_CUT: counts(found.cut)}


def parameters(config: LanguageConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores.

    Raises:
        HardnessError: a classifier with a prompt or a response.
    """
    check_folder("model", config.models["model"])
    kind = task_of(config.models["model"])
    found = common.parameters(config, columns, task=kind)
    if kind != CLASSIFICATION:
        return found
    if config.prompt is not None or config.response is not None:
        raise HardnessError(
            "prompt and response must be left out with a classifier, got them; name its columns "
            "with --text"
        )
    return found | {"label": columns.label}


def check(config: LanguageConfig, dataset: Dataset) -> None:
    """Raises HardnessError if the data has no label for a classifier, or no such columns."""
    _text(dataset, config, task_of(config.models["model"]))


def run(task: Run, config: LanguageConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    kind = task_of(config.models["model"])
    text = _text(task.dataset, config, kind)
    passes = (Pass(spec=spec(config, "model", kind), compute=gradient_norm, size=1),)
    probe = GrandProbe(passes=passes, text=text)
    return run_probe(task, probe, batch_tokens=config.batch_tokens, max_length=text.max_length)


def _text(dataset: Dataset, config: LanguageConfig, kind: str) -> LabelledText | LanguageText:
    if kind == CLASSIFICATION:
        return labelled_text(dataset, "grand", max_length=max_length(config))
    return language_text(dataset, config, whole=True)
