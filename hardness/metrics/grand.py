"""Norm of the gradient of a record's loss in the last layer."""

from __future__ import annotations

from hardness.metrics.base import Column, Metric
from hardness.metrics.lm import NO_TOKEN
from hardness.metrics.model_options import N_CUT, PARTITION_BYTES, LanguageConfig

GRAND = Metric(
    name="grand",
    summary="Norm of the gradient that a record gives the last linear layer: of its label's loss "
    "under a classifier, of its loss per token under a causal language model.",
    needs="text; --model; with a classifier a label column (--label); the extra train",
    nulls=f"{NO_TOKEN}; with a classifier, one without a label",
    source="Paul et al. 2021, Deep Learning on a Data Diet, definition 2.1, of the last layer and "
    "one model; for an expectation, average several with `hardness combine`",
    columns=(
        Column(
            name="grand",
            summary="norm over weights and bias; for a classifier ‖softmax - onehot‖ √(‖h‖² + 1), "
            "h the layer's input (without the 1 where the layer has no bias)",
            harder="higher",
        ),
        Column(
            name=N_CUT,
            summary="tokens beyond --max-length, which do not count; 1 for any with a classifier",
            type="uint32",
        ),
    ),
    config=LanguageConfig,
    stage="hardness.inference.grand",
    partition_bytes=PARTITION_BYTES,
)
