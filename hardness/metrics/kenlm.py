"""Perplexity under a modified Kneser-Ney model, queried through the kenlm package."""

from __future__ import annotations

from dataclasses import dataclass

from hardness.errors import HardnessError
from hardness.metrics.base import Column, Metric
from hardness.metrics.perplexity import PERPLEXITY_COLUMNS
from hardness.ngram.model_config import ModelConfig


@dataclass(frozen=True, kw_only=True)
class KenlmConfig:
    """Options of `kenlm`.

    Attributes:
        model: ARPA or KenLM binary file; None estimates one first. The options below are the
            estimate's and must be left out with a model, but for the last two.
        reference: files to estimate it of instead of the data.
        order: longest n-gram, 2 to 5; 3 where None.
        prune: see `hardness.ngram.model_config.ModelConfig`; nothing is pruned where None.
        tokenizer: how text becomes tokens, a name of `hardness.ngram.tokenize.tokenizers`; must be
            what a given model was made with.
        skip_symbols: leave tokens that are `<s>`, `</s>` or `<unk>` out; otherwise they are an
            error.
    """

    model: str | None = None
    reference: tuple[str, ...] = ()
    order: int | None = None
    prune: tuple[int, ...] | None = None
    tokenizer: str = "words"
    skip_symbols: bool = False

    def __post_init__(self) -> None:
        for name in ("order", "prune", "reference"):
            if self.model is not None and getattr(self, name):
                raise HardnessError(
                    f"{name} must be left out with a model, got {getattr(self, name)}; "
                    "the model was estimated with its own"
                )
        _ = self.estimate

    @property
    def estimate(self) -> ModelConfig:
        """How the model is estimated where none is given, and texts are tokenised."""
        return ModelConfig(
            order=3 if self.order is None else self.order,
            prune=self.prune or (0,),
            tokenizer=self.tokenizer,
            skip_symbols=self.skip_symbols,
        )


KENLM = Metric(
    name="kenlm",
    summary="Surprise per token under a modified Kneser-Ney model; in-sample, which makes strange "
    "records look easy, unless --model or --reference gives it other text.",
    needs="text; the kenlm package",
    nulls="a record without a token",
    source="Heafield 2011, KenLM; Chen and Goodman 1998, modified Kneser-Ney; estimated as "
    "`hardness lm` does where no model is given",
    columns=(
        *PERPLEXITY_COLUMNS,
        Column(
            name="n_oov",
            summary="tokens that are not in the model's vocabulary",
            type="uint32",
            harder="higher",
        ),
    ),
    config=KenlmConfig,
    stage="hardness.stages.kenlm",
)
