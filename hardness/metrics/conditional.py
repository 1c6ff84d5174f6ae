"""Conditional loss reduction: how far a record is from the data that a model was tuned on."""

from __future__ import annotations

from hardness.metrics.base import Column, Metric
from hardness.metrics.formulas import formulas
from hardness.metrics.lm import CUT, NO_TOKEN, TOKENS
from hardness.metrics.model_options import PARTITION_BYTES, PairConfig

CONDITIONAL = Metric(
    name="conditional",
    summary="Loss per token under a model tuned on data of the target minus that under its prior; "
    "the lower, the more like the target.",
    needs="text; --model, the tuned one, and --base-model, its prior, of one tokenizer; the extra "
    "train",
    nulls=NO_TOKEN,
    source=f"{formulas.get('conditional').source}, per token instead of per sequence",
    columns=(
        Column(name="conditional", summary="tuned - prior, nats per token", harder="higher"),
        Column(name="tuned", summary="loss under the tuned model", harder="higher"),
        Column(name="prior", summary="loss under the prior", harder="higher"),
        TOKENS,
        CUT,
    ),
    config=PairConfig,
    stage="hardness.inference.pair",
    partition_bytes=PARTITION_BYTES,
)
