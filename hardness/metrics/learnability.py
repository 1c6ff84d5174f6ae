"""Learnability: how much training lowers a record's loss."""

from __future__ import annotations

from hardness.metrics.base import Column, Metric
from hardness.metrics.formulas import formulas
from hardness.metrics.lm import CUT, NO_TOKEN, TOKENS
from hardness.metrics.model_options import PARTITION_BYTES, PairConfig

LEARNABILITY = Metric(
    name="learnability",
    summary="Loss per token under a base model minus that under the model it became by training; "
    "near 0 the record is known already or is not learnt.",
    needs="text; --model, the trained one, and --base-model, of one tokenizer; the extra train",
    nulls=NO_TOKEN,
    source=f"{formulas.get('learnability').source}, as a difference of losses per token",
    columns=(
        Column(name="learnability", summary="base - tuned, nats per token", harder="lower"),
        Column(name="base", summary="loss under the base model", harder="higher"),
        Column(name="tuned", summary="loss under the trained model", harder="higher"),
        TOKENS,
        CUT,
    ),
    config=PairConfig,
    stage="hardness.inference.pair",
    partition_bytes=PARTITION_BYTES,
)
