"""Class models in plain Python: one dictionary model a class, fitted again for every record."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.ngram.oracle import BOS, EOS, Model


@dataclass(frozen=True)
class Example:
    tokens: Sequence[str]
    label: str | None
    group: object = None


@dataclass(frozen=True)
class Scored:
    """ln prior and LL of every class; LL is None where it is undefined."""

    priors: list[float]
    scores: list[float] | None
    label: int | None


def score(
    example: Example, fitted: Sequence[Example], classes: Sequence[str], order: int
) -> Scored:
    """Score one record under the models of others."""
    fitted = [other for other in fitted if other.tokens and other.label is not None]
    by_class = [[other for other in fitted if other.label == name] for name in classes]
    priors = [math.log((len(members) + 1) / (len(fitted) + len(classes))) for members in by_class]
    label = None if example.label is None else list(classes).index(example.label)
    if not example.tokens or not fitted:
        return Scored(priors, None, label)
    n_types = Model([other.tokens for other in fitted], 1).n_types
    scores = []
    for members in by_class:
        model = Model([other.tokens for other in members], order)
        denominator = model.n_tokens + n_types + 1
        sequence = [BOS] * (order - 1) + list(example.tokens) + [EOS]
        scores.append(
            sum(
                math.log(model.probability(tuple(sequence[t - order + 1 : t + 1]), denominator))
                for t in range(order - 1, len(sequence))
            )
        )
    return Scored(priors, scores, label)


def held_out(examples: Sequence[Example], i: int, holdout: str) -> list[Example]:
    """The records that are left when record i is scored."""
    if holdout == "none":
        return list(examples)
    group = examples[i].group if holdout == "group" else None
    return [
        other
        for j, other in enumerate(examples)
        if j != i and (group is None or other.group != group)
    ]


def score_all(
    examples: Sequence[Example],
    order: int,
    holdout: str,
    reference: Sequence[Example] | None = None,
) -> tuple[list[Scored], list[Scored]]:
    """Every record's scores, and those that the temperature is fitted on."""
    everything = [*examples, *(reference or [])]
    classes = sorted({e.label for e in everything if e.label is not None})
    fitted = examples if reference is None else reference
    for_fit = [
        score(example, held_out(fitted, i, "group" if holdout == "group" else "record"), classes,
              order)
        for i, example in enumerate(fitted)
        if example.label is not None
    ]  # fmt: skip
    if reference is not None:
        return [score(example, reference, classes, order) for example in examples], for_fit
    return [
        score(example, held_out(examples, i, holdout), classes, order)
        for i, example in enumerate(examples)
    ], for_fit


def posterior(scored: Scored, sharpness: float) -> list[float]:
    assert scored.scores is not None
    weights = [p + sharpness * s for p, s in zip(scored.priors, scored.scores, strict=True)]
    highest = max(weights)
    total = sum(math.exp(weight - highest) for weight in weights)
    return [math.exp(weight - highest) / total for weight in weights]


def log_likelihood(scored: Sequence[Scored], sharpness: float) -> float:
    """The sum of ln p(label|x)."""
    total = 0.0
    for one in scored:
        if one.scores is not None and one.label is not None:
            weights = [p + sharpness * s for p, s in zip(one.priors, one.scores, strict=True)]
            highest = max(weights)
            total += weights[one.label] - highest
            total -= math.log(sum(math.exp(weight - highest) for weight in weights))
    return total


def best(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that rises and then falls is highest, by thirds."""
    for _ in range(200):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        if function(a) < function(b):
            low = a
        else:
            high = b
    return (low + high) / 2


def fit_sharpness(scored: Sequence[Scored]) -> float:
    return best(lambda sharpness: log_likelihood(scored, sharpness), 0.0, 64.0)
