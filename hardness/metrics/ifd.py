"""Instruction-following difficulty: how little an instruction helps with its answer."""

from __future__ import annotations

from hardness.metrics.base import Column, Metric
from hardness.metrics.formulas import formulas
from hardness.metrics.lm import CUT, NO_TOKEN, TOKENS
from hardness.metrics.model_options import PARTITION_BYTES, LanguageConfig

IFD = Metric(
    name="ifd",
    summary="Loss of the response given its prompt, over its loss without; near 1 the prompt does "
    "not help, above it misleads.",
    needs="a prompt and a response, which are all text columns but the last and the last unless "
    "--prompt and --response say otherwise; --model; the extra train",
    nulls=f"{NO_TOKEN}; one whose response alone has no loss",
    source=f"{formulas.get('ifd').source}; of the same tokens in both, the end token among them",
    columns=(
        Column(name="ifd", summary="conditioned / alone, at least 0", harder="higher"),
        Column(
            name="conditioned",
            summary="loss of the response given the prompt, nats per token",
            harder="higher",
        ),
        Column(name="alone", summary="loss of the response alone, nats per token", harder="higher"),
        TOKENS,
        CUT,
    ),
    config=LanguageConfig,
    stage="hardness.inference.ifd",
    partition_bytes=PARTITION_BYTES,
)
