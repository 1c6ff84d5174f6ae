"""The `lm` metric: loss per token under a causal language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.inference.columns import counts, nullable, per_token
from hardness.inference.compute import token_nats
from hardness.inference.language import LanguageText, language_text
from hardness.inference.models import Loaded
from hardness.inference.parameters import parameters, spec
from hardness.inference.probe import Encoded, Found, Pass
from hardness.inference.stage import run as run_probe
from hardness.inference.stage import store_bytes
from hardness.io.dataset import Dataset
from hardness.metrics.model_options import N_CUT, N_TOKENS, LanguageConfig
from hardness.stages.run import Run, Tally
from hardness.training.config import CAUSAL_LM
from hardness.training.tasks import CausalLM

__all__ = ["check", "parameters", "run", "store_bytes"]


@dataclass(frozen=True, kw_only=True)
class LmProbe:
    """One pass over the text."""

    passes: tuple[Pass, ...]
    text: LanguageText

    @property
    def columns(self) -> tuple[str, ...] | None:
        return self.text.columns

    def task(self, model: Loaded) -> CausalLM:
        return self.text.task(model)

    def encode(self, task: CausalLM, table: pa.Table) -> list[Encoded]:
        return self.text.encode(task, table)

    def finish(self, found: Found) -> Mapping[str, Any]:
        nll = per_token(found.values[0][0], found.units)
        with np.errstate(over="ignore"):
            perplexity = np.exp(nll)
        return {
            "nll": nullable(nll),
            "perplexity": nullable(perplexity),
            N_TOKENS: counts(found.units),
            N_CUT: counts(found.cut),
        }


def check(config: LanguageConfig, dataset: Dataset) -> None:
    """Raises HardnessError if the data has no such columns."""
    language_text(dataset, config, whole=True)


def run(task: Run, config: LanguageConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    text = language_text(task.dataset, config, whole=True)
    passes = (Pass(spec=spec(config, "model", CAUSAL_LM), compute=token_nats, size=1),)
    probe = LmProbe(passes=passes, text=text)
    return run_probe(task, probe, batch_tokens=config.batch_tokens, max_length=text.max_length)
