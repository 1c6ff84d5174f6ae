"""Pointwise V-information of the text about the label, with n-gram models as the family V."""

from __future__ import annotations

from dataclasses import dataclass

from hardness.errors import HardnessError
from hardness.metrics.base import Metric
from hardness.metrics.perplexity import PerplexityConfig
from hardness.metrics.pvi import PVI_COLUMNS


@dataclass(frozen=True, kw_only=True)
class NgramPviConfig(PerplexityConfig):
    """Options of `ngram-pvi`: those of `perplexity`, and one more.

    A reference must have the label column, too.

    Attributes:
        temperature: tau > 0; fitted where None. A record's scores then depend on nothing but the
            records that are not held out.
    """

    temperature: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.temperature is not None and not self.temperature > 0:
            raise HardnessError(
                f"temperature must be above 0, got {self.temperature}; leave it out to have it "
                "fitted"
            )


NGRAM_PVI = Metric(
    name="ngram-pvi",
    summary="Bits that the text tells about its label, by one n-gram model a class of the other "
    "records.",
    needs="text; a label column of strings, integers or booleans (--label); --group for "
    "--holdout group; of several text columns, name with --text those that tell the label",
    nulls="a record without a token; pvi and confidence of one without a label; every record where "
    "nothing is left to fit on",
    source="Ethayarajh et al. 2022, Understanding Dataset Difficulty with V-Usable Information, "
    "with evenly interpolated n-gram models in place of fine-tuned ones",
    columns=PVI_COLUMNS,
    config=NgramPviConfig,
    stage="hardness.stages.ngram_pvi",
)
