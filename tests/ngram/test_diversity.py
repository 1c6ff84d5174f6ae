"""Type-token ratio and MTLD against a plain reading of the paper, and its own example."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.ngram.diversity import lexical_diversity
from hardness.ngram.tokenize import tokenize, tokenizers


def diversity(texts: list[str]) -> tuple[list[float], list[float]]:
    tokens = tokenize(pa.array(texts, pa.string()), tokenizers.get("whitespace"))
    ratios, mtld = lexical_diversity(tokens.ids, tokens.starts)
    return ratios.tolist(), mtld.tolist()


def mtld_one_way(words: list[str]) -> float:
    factors, begin = 0.0, 0
    for end in range(1, len(words) + 1):
        part = words[begin:end]
        if 100 * len(set(part)) <= 72 * len(part):
            factors += 1
            begin = end
    rest = words[begin:]
    if rest:
        factors += (1 - len(set(rest)) / len(rest)) / (1 - 0.72)
    return len(words) / factors


def naive(text: str) -> tuple[float, float]:
    words = text.split()
    if not words:
        return math.nan, math.nan
    ratio = len(set(words)) / len(words)
    if ratio == 1:
        return ratio, math.nan
    return ratio, (mtld_one_way(words) + mtld_one_way(words[::-1])) / 2


@settings(max_examples=150, deadline=None)
@given(
    texts=st.lists(
        st.lists(st.sampled_from("a b c d e f g h i j é 日本 👍🏽 a'b".split()), max_size=60).map(
            " ".join
        ),
        max_size=8,
    )
)
def test_equals_the_naive_oracle(texts: list[str]) -> None:
    ratios, mtld = diversity(texts)
    np.testing.assert_allclose(ratios, [naive(text)[0] for text in texts], rtol=1e-15)
    np.testing.assert_allclose(mtld, [naive(text)[1] for text in texts], rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "ratio", "mtld"),
    [
        # The paper's example: a factor is full at the second "people" (4 types of 6 words), what is
        # left has no repetition; backward at the second "the" (3 of 5). One factor each: 9 / 1.
        pytest.param("of the people by the people for the people", 5 / 9, 9.0, id="paper"),
        # Both ways full after 2 of 2 words with ratio 1/2, twice: 4 / 2.
        pytest.param("a a a a", 1 / 4, 2.0, id="one type"),
        # 4 types of 5 words make (1 - 0.8) / 0.28 of a factor both ways: 5 * 1.4.
        pytest.param("a b c d a", 4 / 5, 7.0, id="part of a factor"),
        pytest.param("a b c d", 1.0, math.nan, id="no repetition"),
        pytest.param("alone", 1.0, math.nan, id="one word"),
        pytest.param(" ", math.nan, math.nan, id="no word"),
    ],
)
def test_golden_values(text: str, ratio: float, mtld: float) -> None:
    got = diversity([text])
    np.testing.assert_allclose([got[0][0], got[1][0]], [ratio, mtld], rtol=1e-12)


def test_a_ratio_of_exactly_the_threshold_fills_a_factor() -> None:
    # 18 types of 25 words are 0.72: forward the factor is full at the very last word.
    words = [f"w{i}" for i in range(18)] + ["w0"] * 7
    forward = mtld_one_way(words)
    assert forward == 25.0
    backward = mtld_one_way(words[::-1])
    assert diversity([" ".join(words)])[1][0] == pytest.approx((forward + backward) / 2)


def test_long_records_between_short_ones() -> None:
    rng = np.random.default_rng(3)
    long = " ".join(f"w{i}" for i in rng.zipf(1.3, size=20_000) % 5000)
    texts = ["a b a", long, "", "x x", long + " end"]
    ratios, mtld = diversity(texts)
    np.testing.assert_allclose(ratios, [naive(text)[0] for text in texts])
    np.testing.assert_allclose(mtld, [naive(text)[1] for text in texts], rtol=1e-9)
