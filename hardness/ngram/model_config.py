"""What a back-off model is estimated with."""

from __future__ import annotations

from dataclasses import dataclass

from hardness.errors import HardnessError

LEAST_ORDER = 2
"""KenLM loads no unigram models."""
MOST_ORDER = 5


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Options of an n-gram model.

    Attributes:
        order: longest n-gram, 2 to 5.
        tokenizer: how text becomes tokens, a name of `hardness.ngram.tokenize.tokenizers`.
        prune: for each order from 1, n-grams that occur at most so often are left out; the last
            one holds for the orders that follow. The first is 0, none is less than the one before.
        interpolated: the even interpolation of all orders instead of modified Kneser-Ney.
        skip_symbols: leave tokens that are `<s>`, `</s>` or `<unk>` out; otherwise they are an
            error. `<UNK>` is a token, as to `lmplz`, though KenLM takes it for `<unk>` in queries.
    """

    order: int = 3
    tokenizer: str = "words"
    prune: tuple[int, ...] = (0,)
    interpolated: bool = False
    skip_symbols: bool = False

    def __post_init__(self) -> None:
        from hardness.ngram.tokenize import tokenizers

        if not LEAST_ORDER <= self.order <= MOST_ORDER:
            raise HardnessError(
                f"order must be {LEAST_ORDER} to {MOST_ORDER}, got {self.order}; 3 is usual"
            )
        tokenizers.get(self.tokenizer)
        given = " ".join(map(str, self.prune))
        if not 1 <= len(self.prune) <= self.order:
            raise HardnessError(
                f"prune must be 1 to {self.order} numbers at order {self.order}, got {given!r}; "
                "the last one holds for the orders that follow"
            )
        if self.prune[0] != 0 or list(self.prune) != sorted(self.prune):
            raise HardnessError(
                f"prune must begin with 0 and not decrease, got {given!r}; words are never pruned, "
                "and a kept n-gram needs its shorter ones; 0 1 1 is usual at order 3"
            )
        if self.interpolated and any(self.prune):
            raise HardnessError(
                f"prune must be 0 for an evenly interpolated model, got {given!r}; pruned, it is "
                "no even interpolation any more; leave one of the two out"
            )

    @property
    def thresholds(self) -> tuple[int, ...]:
        """Of every order from 1: n-grams that occur at most so often are left out."""
        return (*self.prune, *[self.prune[-1]] * (self.order - len(self.prune)))
