"""Likeness to a target corpus, by importance weights over hashed n-grams."""

from __future__ import annotations

from dataclasses import dataclass

from hardness.errors import HardnessError
from hardness.metrics.base import Column, Metric

_LEAST_BUCKETS, _MOST_BUCKETS = 2, 10**7


@dataclass(frozen=True, kw_only=True)
class DsirConfig:
    """Options of `dsir`.

    Attributes:
        reference: files of the target. They must be given.
        order: longest n-gram, 1 to 5; the paper's 2.
        buckets: that n-grams are hashed to, 2 to 10,000,000; the paper's 10,000.
        tokenizer: how text becomes tokens, a name of `hardness.ngram.tokenize.tokenizers`.
    """

    reference: tuple[str, ...] = ()
    order: int = 2
    buckets: int = 10_000
    tokenizer: str = "words"

    def __post_init__(self) -> None:
        from hardness.ngram.tokenize import tokenizers

        if not self.reference:
            raise HardnessError(
                "reference must be text like that which is wanted for metric dsir, got none; name "
                "it with --reference"
            )
        if not 1 <= self.order <= 5:
            raise HardnessError(f"order must be 1 to 5, got {self.order}; 2 is usual")
        if not _LEAST_BUCKETS <= self.buckets <= _MOST_BUCKETS:
            raise HardnessError(
                f"buckets must be {_LEAST_BUCKETS} to {_MOST_BUCKETS:,}, got {self.buckets}; "
                "10000 is usual"
            )
        tokenizers.get(self.tokenizer)


DSIR = Metric(
    name="dsir",
    summary="How much likelier the text is under a target corpus than under the data, by hashed "
    "n-grams.",
    needs="text; --reference, the target",
    nulls="a record without a token",
    source="Xie et al. 2023, Data Selection for Language Models via Importance Resampling, "
    "section 3; with add-one counts, as an n-gram that the target lacks would weigh infinitely",
    columns=(
        Column(
            name="log_weight",
            summary="ln p_target(text) - ln p_data(text), nats; the lower, the less like the "
            "target; grows with the length",
            harder="lower",
        ),
        Column(
            name="per_ngram",
            summary="the same / n-grams, nats, for texts of unlike lengths",
            harder="lower",
        ),
        Column(name="n_ngrams", summary="n-grams of the text, of all orders", type="uint64"),
    ),
    config=DsirConfig,
    stage="hardness.stages.dsir",
)
