"""What can be read off the surface of a text: its length, its words, how far it compresses."""

from __future__ import annotations

from dataclasses import dataclass

from hardness.metrics.base import Column, Metric


@dataclass(frozen=True, kw_only=True)
class SurfaceConfig:
    """Options of `surface`.

    Attributes:
        tokenizer: how text becomes tokens, a name of `hardness.ngram.tokenize.tokenizers`.
        reference: files whose words are counted, for rarity, instead of the other records'.
    """

    tokenizer: str = "words"
    reference: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        from hardness.ngram.tokenize import tokenizers

        tokenizers.get(self.tokenizer)


SURFACE = Metric(
    name="surface",
    summary="Length, diversity and rarity of words, compressibility and reading ease of the text.",
    needs="text; English for flesch",
    nulls="a record without a token; mtld where no token occurs twice; rarity where no other "
    "record has a token; flesch of a text without a word of Latin letters or digits",
    source="mtld: McCarthy and Jarvis 2010, threshold 0.72; flesch: Flesch 1948, with a heuristic "
    "for syllables; rarity: add-one unigram frequencies of the other records or the reference",
    columns=(
        Column(
            name="tokens",
            summary="tokens, of words and of punctuation marks",
            type="uint32",
            harder="higher",
        ),
        Column(name="characters", summary="code points", type="uint32", harder="higher"),
        Column(
            name="ttr",
            summary="type-token ratio, distinct tokens / tokens, 0 to 1; falls with length",
            harder="higher",
        ),
        Column(
            name="mtld",
            summary="tokens that keep a type-token ratio above 0.72, on average, above 1",
            harder="higher",
        ),
        Column(
            name="rarity",
            summary="mean -ln of the tokens' relative frequencies, nats, at least 0",
            harder="higher",
        ),
        Column(
            name="compression",
            summary="compressed / plain bytes, by zstd; less repetitive is harder; short texts "
            "hardly compress",
            harder="higher",
        ),
        Column(
            name="flesch",
            summary="reading ease: 206.835 - 1.015 words / sentence - 84.6 syllables / word; at "
            "most 121.22",
            harder="lower",
        ),
    ),
    config=SurfaceConfig,
    stage="hardness.stages.surface",
)
