"""Pointwise V-information of the text about the label, with a fine-tuned classifier."""

from __future__ import annotations

from dataclasses import dataclass

from hardness.metrics.base import Column, Metric
from hardness.metrics.model_options import N_CUT, PARTITION_BYTES, ModelScoreConfig


@dataclass(frozen=True, kw_only=True)
class PviConfig(ModelScoreConfig):
    """Options of `pvi`.

    Attributes:
        null_model: folder of the same model fine-tuned on empty texts. Where None, the frequencies
            of the labels in the data stand for its predictions: all that it can learn.
    """

    null_model: str | None = None

    @property
    def models(self) -> dict[str, str]:
        null = {} if self.null_model is None else {"null_model": str(self.null_model)}
        return super().models | null


PVI_COLUMNS = (
    Column(
        name="pvi",
        summary="log2 p(label|text) - log2 p(label), bits; below 0 the text misleads",
        harder="lower",
    ),
    Column(name="confidence", summary="p(label|text), 0 to 1", harder="lower"),
    Column(name="predicted", summary="the likeliest label, as text", type="string"),
)
"""Columns of every pointwise V-information about the label."""

PVI = Metric(
    name="pvi",
    summary="Bits that the text tells a fine-tuned classifier about its label.",
    needs="text; a label column (--label); --model, a classifier of these labels that was not "
    "trained on the records; the extra train",
    nulls="a record without a label, or whose text is empty",
    source="Ethayarajh et al. 2022, Understanding Dataset Difficulty with V-Usable Information, "
    "equation 4",
    columns=(
        *PVI_COLUMNS,
        Column(
            name=N_CUT,
            summary="1 where the text is longer than --max-length and was cut off, else 0",
            type="uint32",
        ),
    ),
    config=PviConfig,
    stage="hardness.inference.pvi",
    partition_bytes=PARTITION_BYTES,
)
