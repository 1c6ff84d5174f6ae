"""The `ifd` metric: loss of a response with and without its prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from hardness.inference.columns import counts, nullable, per_token
from hardness.inference.compute import token_nats
from hardness.inference.language import LanguageText, alone, check_no_chat, language_text
from hardness.inference.lm import LmProbe
from hardness.inference.parameters import parameters, spec
from hardness.inference.probe import Encoded, Found, Pass
from hardness.inference.stage import run as run_probe
from hardness.inference.stage import store_bytes
from hardness.io.dataset import Dataset
from hardness.metrics.formulas import formulas
from hardness.metrics.model_options import N_CUT, N_TOKENS, LanguageConfig
from hardness.stages.run import Run, Tally
from hardness.training.config import CAUSAL_LM
from hardness.training.tasks import CausalLM

__all__ = ["check", "parameters", "run", "store_bytes"]


@dataclass(frozen=True, kw_only=True)
class IfdProbe(LmProbe):
    """Two passes of one model: over prompt and response, and over the response."""

    def encode(self, task: CausalLM, table: pa.Table) -> list[Encoded]:
        start = task.start
        cut = [self.text.cut(example) for example in task.encode(table)]
        return [Encoded(examples=alone(example, start=start), cut=lost) for example, lost in cut]

    def finish(self, found: Found) -> Mapping[str, Any]:
        conditioned, bare = (per_token(values[0], found.units) for values in found.values)
        result = formulas.get("ifd").of(conditioned=conditioned, alone=bare)
        return {
            "ifd": pa.array(result.values, mask=~result.valid),
            "conditioned": nullable(conditioned),
            "alone": nullable(bare),
            N_TOKENS: counts(found.units),
            N_CUT: counts(found.cut),
        }


def check(config: LanguageConfig, dataset: Dataset) -> None:
    """Raises HardnessError if the data has no prompt and response under such names."""
    _text(dataset, config)


def run(task: Run, config: LanguageConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    text = _text(task.dataset, config)
    one = Pass(spec=spec(config, "model", CAUSAL_LM), compute=token_nats, size=1)
    probe = IfdProbe(passes=(one, one), text=text)
    return run_probe(task, probe, batch_tokens=config.batch_tokens, max_length=text.max_length)


def _text(dataset: Dataset, config: LanguageConfig) -> LanguageText:
    text = language_text(dataset, config, whole=False)
    check_no_chat(text, "ifd")
    return text
