"""The definitions in plain Python: dictionaries of tuples, no hashing, no sharing of counts."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

from nltk.tokenize import NLTKWordTokenizer

BOS, EOS = object(), object()

TOKENIZERS: dict[str, Callable[[str], list[str]]] = {
    "words": lambda text: re.findall(r"\w+|[^\w\s]", text.lower()),
    "whitespace": str.split,
    "chars": lambda text: ["\u2581" if c.isspace() else c for c in text],
    "nltk": NLTKWordTokenizer().tokenize,
}


def sequences(texts: Sequence[str | None], tokenizer: str) -> list[list[str]]:
    return [[] if text is None else TOKENIZERS[tokenizer](text) for text in texts]


class Model:
    """An evenly interpolated model of some token sequences."""

    def __init__(self, fitted: Sequence[Sequence[str]], order: int) -> None:
        self.order = order
        self.counts: list[Counter] = [Counter() for _ in range(order + 1)]
        self.contexts: list[Counter] = [Counter() for _ in range(order + 1)]
        for tokens in fitted:
            self.add(tokens)

    def add(self, tokens: Sequence[str], times: int = 1) -> None:
        """Fit one more record; take it out again with times = -1."""
        if not tokens:
            return
        sequence = [BOS] * (self.order - 1) + list(tokens) + [EOS]
        for t in range(self.order - 1, len(sequence)):
            for k in range(1, self.order + 1):
                ngram = tuple(sequence[t - k + 1 : t + 1])
                self.counts[k][ngram] += times
                self.contexts[k][ngram[:-1]] += times
                if self.counts[k][ngram] == 0:
                    del self.counts[k][ngram]

    @property
    def n_tokens(self) -> int:
        return sum(self.counts[1].values())

    @property
    def n_types(self) -> int:
        return len(self.counts[1])

    def probability(self, ngram: tuple, denominator: int) -> float:
        defined = [(self.counts[1][ngram[-1:]] + 1) / denominator]
        for k in range(2, self.order + 1):
            part = ngram[-k:]
            if self.contexts[k][part[:-1]] > 0:
                defined.append(self.counts[k][part] / self.contexts[k][part[:-1]])
        return sum(defined) / len(defined)

    def nll(self, tokens: Sequence[str]) -> float | None:
        if not tokens or self.n_tokens == 0:
            return None
        sequence = [BOS] * (self.order - 1) + list(tokens) + [EOS]
        denominator = self.n_tokens + self.n_types + 1
        logs = [
            math.log(self.probability(tuple(sequence[t - self.order + 1 : t + 1]), denominator))
            for t in range(self.order - 1, len(sequence))
        ]
        return -sum(logs) / len(logs)

    def n_oov(self, tokens: Sequence[str]) -> int:
        return sum(self.counts[1][(token,)] == 0 for token in tokens)


def scores(
    tokens: Sequence[Sequence[str]],
    order: int,
    holdout: str,
    groups: Sequence[object] | None = None,
    reference: Sequence[Sequence[str]] | None = None,
) -> list[tuple[float | None, int]]:
    """(nll, n_oov) of each record: take out what is held out, score, put it back."""
    model = Model(tokens if reference is None else reference, order)
    result = []
    for i, record in enumerate(tokens):
        held: list[Sequence[str]] = []
        if reference is None and holdout != "none":
            own = groups[i] if groups is not None and holdout == "group" else None
            others = [i] if own is None else range(len(tokens))
            held = [tokens[j] for j in others if own is None or (groups or [])[j] == own]
        for other in held:
            model.add(other, -1)
        result.append((model.nll(record), model.n_oov(record)))
        for other in held:
            model.add(other)
    return result
