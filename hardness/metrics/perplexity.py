"""Perplexity under an interpolated n-gram model of the dataset itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from hardness.errors import HardnessError
from hardness.metrics.base import Column, Metric

Holdout = Literal["record", "group", "none"]


@dataclass(frozen=True, kw_only=True)
class PerplexityConfig:
    """Options of `perplexity`.

    Attributes:
        order: longest n-gram, 1 to 5.
        tokenizer: how text becomes tokens, a name of `hardness.ngram.tokenize.tokenizers`.
        holdout: what is left out of the model that scores a record: the `record` itself, every
            record of its `group`, or `none` (in-sample: a strange record then looks easy, because
            each n-gram it alone owns has probability 1). `record` where None. It must be left out
            with a reference, of which no record is scored.
        reference: files to fit on instead of the data.
    """

    order: int = 3
    tokenizer: str = "words"
    holdout: Holdout | None = None
    reference: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        from hardness.ngram.tokenize import tokenizers

        if not 1 <= self.order <= 5:
            raise HardnessError(f"order must be 1 to 5, got {self.order}; 3 is usual")
        if self.holdout is not None and self.reference:
            raise HardnessError(
                f"holdout must be left out with a reference, got {self.holdout!r}; the model is "
                "fitted on the reference, so no record that is scored has to be held out of it"
            )
        if self.holdout not in (None, *get_args(Holdout)):
            raise HardnessError(
                f"holdout must be one of {', '.join(get_args(Holdout))}, got {self.holdout!r}; "
                "record is usual"
            )
        tokenizers.get(self.tokenizer)

    @property
    def left_out(self) -> Holdout:
        """What is held out of the model that scores a record."""
        return "none" if self.reference else self.holdout or "record"


PERPLEXITY_COLUMNS = (
    Column(name="perplexity", summary="exp(nll), at least 1", harder="higher"),
    Column(
        name="nll",
        summary="nats per predicted token (each token and one end mark), at least 0",
        harder="higher",
    ),
    Column(name="n_tokens", summary="tokens of the text, without the end mark", type="uint32"),
)
"""Columns of every perplexity under an n-gram model."""

PERPLEXITY = Metric(
    name="perplexity",
    summary="Surprise per token under an evenly interpolated n-gram model of the other records.",
    needs="text; --group for --holdout group",
    nulls="a record without a token; every record where nothing is left to fit on",
    source='"Scaling Hardness-Impact Training": even linear interpolation of orders 1 to 3; '
    "here exactly leave-one-out unless told otherwise",
    columns=(
        *PERPLEXITY_COLUMNS,
        Column(
            name="n_oov",
            summary="tokens that occur nowhere in what the model is fitted on",
            type="uint32",
            harder="higher",
        ),
    ),
    config=PerplexityConfig,
    stage="hardness.stages.perplexity",
)
