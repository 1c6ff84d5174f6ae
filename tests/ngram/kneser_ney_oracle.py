"""Modified Kneser-Ney in plain Python: dictionaries of tuples, one definition after the other.

Chen and Goodman 1998, section 3, in the form that KenLM's `lmplz` gives it; `read_arpa` reads what
either has written.
"""

from __future__ import annotations

import gzip
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BOS, EOS, UNK = "<s>", "</s>", "<unk>"
FALLBACK = (0.5, 1.0, 1.5)

Ngram = tuple[str, ...]
Arpa = list[dict[Ngram, tuple[float, float]]]
"""For each order, from 1: n-gram to log10 probability and log10 back-off weight."""


@dataclass
class Model:
    """What an estimate is made of."""

    adjusted: list[Counter]
    """For each order, from 1."""
    discounts: list[tuple[float, float, float]]
    fallbacks: list[int]
    """Orders whose discounts are the fallback."""
    arpa: Arpa


def raw_counts(sentences: Sequence[Sequence[str]], order: int) -> list[Counter]:
    """For each order, from 1: how often each n-gram occurs, with one `<s>` at most."""
    counts: list[Counter] = [Counter() for _ in range(order)]
    for tokens in sentences:
        if not tokens:
            continue
        sequence = [BOS, *tokens, EOS]
        for end in range(2, len(sequence) + 1):
            for k in range(1, min(order, end) + 1):
                counts[k - 1][tuple(sequence[end - k : end])] += 1
    return counts


def adjusted_counts(raw: list[Counter]) -> list[Counter]:
    """How many words stand to the left of each n-gram; as often as it occurs at the highest order
    and where `<s>` begins it."""
    adjusted = [Counter() for _ in raw]
    adjusted[-1] = raw[-1]
    for longer, counts, out in zip(raw[1:], raw[:-1], adjusted[:-1], strict=True):
        for ngram in longer:
            out[ngram[1:]] += 1
        for ngram, count in counts.items():
            if ngram[0] == BOS:
                out[ngram] = count
    return adjusted


def closed_form(counts: Counter) -> tuple[float, float, float] | None:
    """D1, D2 and D3+ by equation 26 of Chen and Goodman; None where they are out of range."""
    n = Counter(counts.values())
    if not (n[1] and n[2] and n[3]):
        return None
    y = n[1] / (n[1] + 2 * n[2])
    d = tuple(j - (j + 1) * y * n[j + 1] / n[j] for j in (1, 2, 3))
    if any(not 0 <= amount <= j for j, amount in enumerate(d, 1)):
        return None
    return d[0], d[1], d[2]


def estimate(sentences: Sequence[Sequence[str]], order: int, prune: Sequence[int] = (0,)) -> Model:
    """An interpolated modified Kneser-Ney model of some sentences."""
    thresholds = [*prune, *[prune[-1]] * (order - len(prune))]
    raw = raw_counts(sentences, order)
    adjusted = adjusted_counts(raw)
    closed = [closed_form(counts) for counts in adjusted]
    discounts = [FALLBACK if d is None else d for d in closed]
    probability: dict[Ngram, float] = {}
    gammas: dict[Ngram, float] = {}
    uniform = 1 / (len(raw[0]) + 1)  # every word, </s> and <unk>, but not <s>
    for k in range(order):
        totals, kept_counts = defaultdict(int), defaultdict(Counter)
        removed = defaultdict(int)
        for ngram, a in adjusted[k].items():
            totals[ngram[:-1]] += a
            if raw[k][ngram] > thresholds[k] or k == 0:
                kept_counts[ngram[:-1]][min(a, 3)] += 1
            else:
                removed[ngram[:-1]] += a
        for context, total in totals.items():
            mass = sum(discounts[k][j - 1] * n for j, n in kept_counts[context].items())
            gammas[context] = (mass + removed[context]) / total
        if k == 0:
            probability[(UNK,)] = gammas[()] * uniform
        for ngram, a in adjusted[k].items():
            if k > 0 and raw[k][ngram] <= thresholds[k]:
                continue
            lower = uniform if k == 0 else probability[ngram[1:]]
            discounted = (a - discounts[k][min(a, 3) - 1]) / totals[ngram[:-1]]
            probability[ngram] = discounted + gammas[ngram[:-1]] * lower
    probability[(BOS,)] = 1.0
    arpa: Arpa = [{} for _ in range(order)]
    for ngram, p in probability.items():
        arpa[len(ngram) - 1][ngram] = (log10(p), log10(gammas.get(ngram, 1.0)))
    for ngram, (p, _) in arpa[-1].items():
        arpa[-1][ngram] = (p, 0.0)
    fallbacks = [k for k, d in enumerate(closed, 1) if d is None]
    return Model(adjusted=adjusted, discounts=discounts, fallbacks=fallbacks, arpa=arpa)


def even(sentences: Sequence[Sequence[str]], order: int) -> Arpa:
    """The even interpolation of `tests.ngram.oracle` for every n-gram that occurs.

    A context that begins with `<s>` stands for the one padded with more `<s>`, whose counts are the
    same, so its last order is counted once for each padding.
    """
    raw = raw_counts(sentences, order)
    n_records = sum(bool(tokens) for tokens in sentences)
    n_tokens, n_types = sum(raw[0].values()), len(raw[0])
    denominator = n_tokens + n_types + 1

    def count(ngram: Ngram) -> int:
        return n_records if ngram == (BOS,) else raw[len(ngram) - 1][ngram]

    def probability(ngram: Ngram) -> float:
        total = (raw[0][ngram[-1:]] + 1) / denominator
        for k in range(2, len(ngram) + 1):
            total += count(ngram[-k:]) / count(ngram[-k:-1])
        if ngram[0] != BOS:
            return total / len(ngram)
        padded = order - len(ngram)
        return (total + padded * count(ngram) / count(ngram[:-1])) / order

    def back_off(ngram: Ngram) -> float:
        if ngram[-1] == EOS or len(ngram) == order:
            return 1.0
        return len(ngram) / order if ngram[0] == BOS else len(ngram) / (len(ngram) + 1)

    arpa: Arpa = [{} for _ in range(order)]
    arpa[0][(UNK,)] = (log10(1 / denominator), 0.0)
    arpa[0][(BOS,)] = (0.0, log10(back_off((BOS,))))
    for ngram in [ngram for counts in raw for ngram in counts]:
        arpa[len(ngram) - 1][ngram] = (log10(probability(ngram)), log10(back_off(ngram)))
    return arpa


def log10(value: float) -> float:
    return math.log10(value) if value > 0 else -99.0


def probability_of(arpa: Arpa, word: str, context: Ngram) -> float:
    """P(word | context) by the back-off rule of the ARPA format."""
    context = context[max(0, len(context) - len(arpa) + 1) :]
    if (*context, word) in arpa[len(context)]:
        return 10 ** arpa[len(context)][(*context, word)][0]
    if not context:
        return 10 ** arpa[0][(UNK,)][0]
    weight = arpa[len(context) - 1].get(context, (0.0, 0.0))[1]
    return 10**weight * probability_of(arpa, word, context[1:])


def read_arpa(path: Path) -> Arpa:
    """Read an ARPA file, plain or .gz, checking the counts in its header."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        text = file.read()
    lines = text.split("\n")
    assert lines[0] == "\\data\\"
    sizes, arpa = [], []
    for line in lines[1:]:
        if line.startswith("ngram "):
            sizes.append(int(line.split("=")[1]))
        elif line.startswith("\\") and line.endswith("-grams:"):  # a token may end like that
            arpa.append({})
            assert line == f"\\{len(arpa)}-grams:"
        elif line == "\\end\\":
            break
        elif line:
            fields = line.split("\t")
            ngram = tuple(fields[1].split(" "))
            assert len(ngram) == len(arpa)
            assert ngram not in arpa[-1], f"{ngram} stands twice"
            assert len(fields) == (2 if len(arpa) == len(sizes) else 3)
            # lmplz writes -inf where the format has -99.
            weight = max(float(fields[2]), -99.0) if len(fields) == 3 else 0.0
            arpa[-1][ngram] = (float(fields[0]), weight)
    else:
        raise AssertionError("no \\end\\")
    assert [len(ngrams) for ngrams in arpa] == sizes
    return arpa


def assert_same(got: Arpa, expected: Arpa, tolerance: float) -> None:
    """The same n-grams, with probabilities and back-off weights as close as that."""
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected, strict=True):
        assert set(ours) == set(theirs)
        for ngram, (p, weight) in theirs.items():
            assert abs(ours[ngram][0] - p) <= tolerance, (ngram, ours[ngram], p)
            assert abs(ours[ngram][1] - weight) <= tolerance, (ngram, ours[ngram], weight)
