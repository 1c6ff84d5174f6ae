"""The scoring kernel against the definitions in plain Python."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.ngram.interpolate import score_records
from hardness.ngram.tokenize import tokenize, tokenizers
from tests.ngram import oracle
from tests.ngram.test_count import count_at_positions

NO_HELD = np.empty(0, dtype=np.int64)


def score(texts: list[str], order: int, *, hold_record: bool) -> tuple[np.ndarray, np.ndarray]:
    tokens = tokenize(pa.array(texts), tokenizers.get("words"))
    counts = np.stack([count_at_positions(tokens, k, 3) for k in range(1, order + 1)])
    n = len(texts)
    nll, n_oov = np.empty(n), np.empty(n, dtype=np.int64)
    n_types = len(set(tokens.ids.tolist()))
    n_records = int(np.count_nonzero(np.diff(tokens.starts)))
    totals = np.array([len(tokens.ids), n_types, n_records])
    own = np.empty((order, 0), dtype=np.uint32)
    score_records(
        tokens.ids, tokens.starts, counts, own, hold_record, totals, NO_HELD, NO_HELD, nll, n_oov
    )
    return nll, n_oov


def test_in_sample_perplexity_by_hand() -> None:
    # Records "a b" and "a". c(a)=2, c(b)=1, c(</s>)=2, so N=5, V=3, N+V+1=9.
    # P(a) = mean(3/9, 2/2, 2/2) = 7/9
    # P(b|a) = mean(2/9, 1/2, 1/2) = 11/27
    # P(</s>|b) = mean(3/9, 1/1, 1/1) = 7/9
    nll, n_oov = score(["a b", "a"], 3, hold_record=False)
    assert nll[0] == pytest.approx(-(math.log(7 / 9) + math.log(11 / 27) + math.log(7 / 9)) / 3)
    # P(</s>|a) = mean(3/9, 1/2, 1/2) = 4/9
    assert nll[1] == pytest.approx(-(math.log(7 / 9) + math.log(4 / 9)) / 2)
    assert n_oov.tolist() == [0, 0]


def test_leave_one_out_perplexity_by_hand() -> None:
    # Record "a b" scored by a model of "a" alone: N=2, V=2, N+V+1=5.
    # P(a|<s>) = mean(2/5, 1/1, 1/1) = 4/5
    # P(b|a) = mean(1/5, 0/1, 0/1) = 1/15
    # P(</s>|b): no context was seen, so P_1 alone = 2/5
    nll, n_oov = score(["a b", "a"], 3, hold_record=True)
    assert nll[0] == pytest.approx(-(math.log(4 / 5) + math.log(1 / 15) + math.log(2 / 5)) / 3)
    assert n_oov.tolist() == [1, 0]


@pytest.mark.parametrize("hold_record", [False, True], ids=["none", "record"])
@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(
        st.one_of(st.text("ab ", max_size=10), st.text("abcdefgh .", max_size=90)),
        min_size=1,
        max_size=8,
    )
)
def test_scores_equal_the_oracles(order: int, hold_record: bool, texts: list[str]) -> None:
    tokens = oracle.sequences(texts, "words")
    expected = oracle.scores(tokens, order, "record" if hold_record else "none")
    nll, n_oov = score(texts, order, hold_record=hold_record)
    for i, (want_nll, want_oov) in enumerate(expected):
        if want_nll is None:
            assert math.isnan(nll[i])
        else:
            assert nll[i] == pytest.approx(want_nll, rel=1e-9, abs=1e-12)
            assert n_oov[i] == want_oov


def test_a_record_of_a_hundred_thousand_words_is_held_out_exactly() -> None:
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in rng.zipf(1.3, 100_000) % 5000]
    others = ["w1 w2 w3", "w5 w1 w2 never"]
    nll, n_oov = score([" ".join(words), *others], 3, hold_record=True)
    rest = oracle.Model([other.split() for other in others], 3)
    assert nll[0] == pytest.approx(rest.nll(words), rel=1e-9)
    assert n_oov[0] == sum(n for word, n in Counter(words).items() if word not in " ".join(others))


def test_tiny_probabilities_do_not_underflow() -> None:
    unique = " ".join(f"u{i}" for i in range(3000))
    filler = [f"f{i} g{i}" for i in range(2000)]
    nll, _ = score([unique, *filler], 1, hold_record=True)
    n, v = 3 * 2000, 2 * 2000 + 1
    expected = (3000 * math.log(n + v + 1) - math.log((2000 + 1) / (n + v + 1))) / 3001
    assert nll[0] == pytest.approx(expected, rel=1e-12)
