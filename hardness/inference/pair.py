"""The metrics that compare two models' losses of a text: `learnability` and `conditional`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from hardness.errors import HardnessError
from hardness.inference import parameters as common
from hardness.inference.columns import counts, nullable, per_token
from hardness.inference.compute import token_nats
from hardness.inference.language import language_text
from hardness.inference.lm import LmProbe
from hardness.inference.parameters import spec
from hardness.inference.probe import Encoded, Found, Pass
from hardness.inference.stage import run as run_probe
from hardness.inference.stage import store_bytes
from hardness.io.dataset import Dataset
from hardness.io.records import Columns
from hardness.metrics.formulas import formulas
from hardness.metrics.model_options import N_CUT, N_TOKENS, PairConfig
from hardness.stages.run import Run, Tally
from hardness.training.config import CAUSAL_LM
from hardness.training.models import load_tokenizer
from hardness.training.tasks import CausalLM

__all__ = ["check", "parameters", "run", "store_bytes"]


@dataclass(frozen=True, kw_only=True)
class PairProbe(LmProbe):
    """A pass of either model over the text."""

    metric: str
    """The metric, whose formula is of the columns `names`."""
    names: tuple[str, str]
    """What its columns call the losses under `model` and under `base_model`."""
    order: tuple[str, ...]
    """Its columns."""

    def encode(self, task: CausalLM, table: pa.Table) -> list[Encoded]:
        once = super().encode(task, table)
        return [Encoded(examples=each.examples * 2, cut=each.cut) for each in once]

    def finish(self, found: Found) -> Mapping[str, Any]:
        losses = [per_token(values[0], found.units) for values in found.values]
        operands = dict(zip(self.names, losses, strict=True))
        result = formulas.get(self.metric).of(**operands)
        columns = {name: nullable(values) for name, values in operands.items()}
        columns[self.metric] = pa.array(result.values, mask=~result.valid)
        columns |= {N_TOKENS: counts(found.units), N_CUT: counts(found.cut)}
        return {name: columns[name] for name in self.order}


def parameters(config: PairConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores.

    Raises:
        HardnessError: the models do not make the same tokens of a text.
    """
    found = common.parameters(config, columns)
    model, base = (load_tokenizer(path) for path in config.models.values())
    same = model.get_vocab() == base.get_vocab() and all(
        getattr(model, name) == getattr(base, name) for name in ("bos_token_id", "eos_token_id")
    )
    if not same:
        raise HardnessError(
            f"base_model must have the tokenizer of the model, got another in "
            f"{config.base_model!r}; losses of other tokens cannot be compared, so name the model "
            "that it was trained from"
        )
    return found


def check(config: PairConfig, dataset: Dataset) -> None:
    """Raises HardnessError if the data has no such columns."""
    language_text(dataset, config, whole=True)


def run(task: Run, config: PairConfig) -> Tally:
    """Score every record of the task's dataset and write the parts that are missing."""
    text = language_text(task.dataset, config, whole=True)
    columns = tuple(column.name for column in task.metric.columns)
    base = next(name for name in ("base", "prior") if name in columns)
    passes = tuple(
        Pass(spec=spec(config, option, CAUSAL_LM), compute=token_nats, size=1)
        for option in config.models
    )
    probe = PairProbe(
        passes=passes, text=text, metric=task.metric.name, names=("tuned", base), order=columns
    )
    return run_probe(task, probe, batch_tokens=config.batch_tokens, max_length=text.max_length)
