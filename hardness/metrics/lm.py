"""Loss of a text, or of a response given its prompt, under a causal language model."""

from __future__ import annotations

from hardness.metrics.base import Column, Metric
from hardness.metrics.model_options import N_CUT, N_TOKENS, PARTITION_BYTES, LanguageConfig

NO_TOKEN = "a record of which no token is scored, as its text is empty or its prompt is too long"
"""Where no metric of language models is defined."""

TOKENS = Column(
    name=N_TOKENS,
    summary="tokens that are scored: those of the text or response, and its end token if the "
    "tokenizer has one",
    type="uint32",
)
CUT = Column(
    name=N_CUT,
    summary="tokens beyond --max-length, which are not scored",
    type="uint32",
)

LM = Metric(
    name="lm",
    summary="Loss per token under a causal language model; with --prompt and --response, of the "
    "response given its prompt.",
    needs="text; --model; the extra train",
    nulls=NO_TOKEN,
    source="the training loss of `hardness train --task causal-lm`, of one record",
    columns=(
        Column(
            name="nll",
            summary="-1/n Σ ln p(token | all before it), nats per scored token, at least 0",
            harder="higher",
        ),
        Column(name="perplexity", summary="exp(nll), at least 1", harder="higher"),
        TOKENS,
        CUT,
    ),
    config=LanguageConfig,
    stage="hardness.inference.lm",
    partition_bytes=PARTITION_BYTES,
)
