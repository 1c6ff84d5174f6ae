"""Pairs whose label follows from the two sentences."""

from __future__ import annotations

import random

import pytest

from hardness.demo.grammar import LABELS, TIERS, make_pair

MOVING = {"running", "walking", "jumping", "sprinting", "sauntering", "galloping", "scampering"}
MOVING |= {"trotting", "prowling"}


def _pairs(tier: int, label: str, n: int = 300) -> list[tuple[str, str]]:
    rng = random.Random(f"{tier} {label}")
    return [make_pair(rng, tier, label) for _ in range(n)]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("label", LABELS)
def test_pairs_are_sentences_of_words(tier: int, label: str) -> None:
    for sentence in (text for pair in _pairs(tier, label) for text in pair):
        assert sentence.endswith(" .")
        assert sentence == " ".join(sentence.split())
        assert sentence.removesuffix(" .").replace(" ", "").isalpha()


@pytest.mark.parametrize("tier", [0, 1, 2])
@pytest.mark.parametrize("label", ["entailment", "contradiction"])
def test_label_follows_from_the_action(tier: int, label: str) -> None:
    checked = 0
    for premise, hypothesis in _pairs(tier, label):
        words = hypothesis.split()
        if words[-2] in ("moving", "resting") and "not" not in words:
            is_moving = not MOVING.isdisjoint(premise.split())
            assert (is_moving == (words[-2] == "moving")) == (label == "entailment")
            checked += 1
    assert checked > 50


@pytest.mark.parametrize("negated", [False, True], ids=["denial", "denied negation"])
def test_denial_turns_the_label_round(negated: bool) -> None:
    denied = [pair for pair in _pairs(3, "entailment", 1000) if "it is not true that" in pair[1]]
    checked = 0
    for premise, hypothesis in denied:
        words = hypothesis.removeprefix("it is not true that").split()
        if words[-2] == "moving" and ("not" in words) == negated:
            assert MOVING.isdisjoint(premise.split()) != negated
            checked += 1
    assert checked > 5


def test_harder_tiers_are_longer_and_richer() -> None:
    lengths, vocabularies = [], []
    for tier in TIERS:
        words = [text.split() for label in LABELS for pair in _pairs(tier, label) for text in pair]
        lengths.append(sum(map(len, words)) / len(words))
        vocabularies.append(len({word for sentence in words for word in sentence}))
    assert lengths == sorted(lengths)
    assert vocabularies == sorted(vocabularies)


def test_same_generator_gives_the_same_pair() -> None:
    first = make_pair(random.Random(5), 3, "neutral")
    assert first == make_pair(random.Random(5), 3, "neutral")
    assert first != make_pair(random.Random(6), 3, "neutral")
