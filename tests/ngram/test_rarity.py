"""Word rarity against counts in dictionaries."""

from __future__ import annotations

from collections import Counter
from math import log, nan

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.ngram.rarity import word_rarity
from hardness.ngram.tokenize import tokenize, tokenizers


def rarity(texts: list[str], counted: list[str] | None = None) -> list[float]:
    """Of texts among themselves, each left out, or among those that are counted instead."""
    tokens = tokenize(pa.array(texts, pa.string()), tokenizers.get("whitespace"))
    corpus = Counter(word for text in counted or texts for word in text.split())
    words = [word for text in texts for word in ([*text.split(), ""] if text.split() else [])]
    counts = np.array([2 * corpus[word] for word in words], dtype=np.uint32)
    return word_rarity(
        tokens.ids, tokens.starts, counts, counted is None, sum(corpus.values()), len(corpus)
    ).tolist()


def naive(text: str, others: list[str]) -> float:
    corpus = Counter(word for other in others for word in other.split())
    size = sum(corpus.values())
    words = text.split()
    if not words or not size:
        return nan
    return -sum(log((corpus[word] + 1) / (size + len(corpus) + 1)) for word in words) / len(words)


TEXTS = st.lists(
    st.lists(st.sampled_from("a b c d é 日".split()), max_size=12).map(" ".join), max_size=7
)


@settings(max_examples=150, deadline=None)
@given(texts=TEXTS)
def test_equals_counting_the_other_records(texts: list[str]) -> None:
    expected = [naive(text, texts[:i] + texts[i + 1 :]) for i, text in enumerate(texts)]
    np.testing.assert_allclose(rarity(texts), expected, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, counted=TEXTS.filter(bool))
def test_equals_counting_a_reference(texts: list[str], counted: list[str]) -> None:
    expected = [naive(text, counted) for text in texts]
    np.testing.assert_allclose(rarity(texts, counted), expected, rtol=1e-12)


def test_golden_value() -> None:
    # Without the first: c(a) = 1, c(b) = 0, N = 3, V = 3 (a, c, d); so -(ln 2/7 + ln 1/7) / 2.
    assert rarity(["a b", "a c", "d"])[0] == pytest.approx((log(7 / 2) + log(7)) / 2)
