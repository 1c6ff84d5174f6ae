"""The kernels that sum n-grams over suffixes and contexts, against NLTK and by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from nltk.lm.counter import NgramCounter
from nltk.lm.smoothing import KneserNey
from nltk.lm.vocabulary import Vocabulary
from nltk.util import ngrams as nltk_ngrams

from hardness.ngram.distinct import gather, list_distinct, route, scatter
from hardness.ngram.kneser_ney import collect, tabulate, tally
from hardness.ngram.tokenize import Tokens, tokenize, tokenizers
from tests.ngram.kneser_ney_oracle import BOS, EOS
from tests.ngram.test_count import count_at_positions

N_BITS = 3
SENTENCES = [
    "a b c a b d",
    "a b c",
    "b c a",
    "c a b c a b c",
    "d",
    "a a a a b",
    "the cat sat on the mat",
    "the dog sat on the cat",
]


@dataclass
class Summed:
    """What `tabulate` makes of the n-grams of one order."""

    ngrams: list[tuple[str, ...]]
    shares: np.ndarray
    weights: np.ndarray
    suffixes: list[tuple[str, ...]]
    adjusted: np.ndarray
    gamma_of_bos: float


def ngrams_at(tokens: Tokens, positions: np.ndarray, order: int) -> list[tuple[str, ...]]:
    words = [BOS]
    at = []
    for sentence in SENTENCES:
        words = [*[BOS] * (order - 1), *sentence.split(), EOS]
        at += [tuple(words[i : i + order]) for i in range(len(words) - order + 1)]
    assert len(at) == len(tokens.ids)
    return [at[t] for t in positions]


def summed(order: int, amounts: tuple[float, float, float]) -> Summed:
    tokens = tokenize(pa.array(SENTENCES), tokenizers.get("whitespace"))
    counts = count_at_positions(tokens, order, N_BITS)
    positions, depths, raw = list_distinct(tokens.starts, counts)
    shorter = order - 1
    keys, bounds, places = route(tokens.ids, positions, depths, shorter, 0, 0, N_BITS)
    suffix_counts = scatter(places, raw, depths >= order - 2, len(keys))
    context_keys, context_bounds, context_places = route(
        tokens.ids, positions, depths, shorter, 1, order - 2, N_BITS
    )
    context_counts = scatter(context_places, raw, np.zeros(len(raw), dtype=bool), len(context_keys))
    entries, votes = np.empty(len(keys), np.uint32), np.empty(len(keys), np.uint32)
    gammas = np.empty(len(keys), np.float32)
    shares, weights = (np.empty(len(context_keys), np.float32) for _ in range(2))
    gamma_of_bos = tabulate(
        keys,
        suffix_counts,
        bounds[None, :],
        context_keys,
        context_counts,
        context_bounds[None, :],
        np.array([0.0, *amounts]),
        entries,
        votes,
        gammas,
        shares,
        weights,
    )
    below, _, _, adjusted, _ = collect(
        positions, depths, places, suffix_counts, votes, gammas, shorter, True
    )
    kept = depths >= order - 2
    return Summed(
        ngrams=ngrams_at(tokens, positions[kept], order),
        shares=gather(context_places, shares)[kept],
        weights=gather(context_places, weights)[kept],
        suffixes=ngrams_at(tokens, below, shorter),
        adjusted=adjusted,
        gamma_of_bos=float(gamma_of_bos),
    )


def nltk_smoothing(order: int, discount: float) -> KneserNey:
    padded = [[BOS] * (order - 1) + sentence.split() + [EOS] for sentence in SENTENCES]
    counter = NgramCounter(
        [list(nltk_ngrams(sentence, k)) for sentence in padded for k in range(1, order + 1)]
    )
    vocabulary = Vocabulary([word for sentence in padded for word in sentence])
    return KneserNey(vocabulary, counter, order, discount=discount)


@pytest.mark.parametrize("discount", [0.1, 0.75])
@pytest.mark.parametrize("order", [2, 3])
def test_highest_order_with_one_discount_is_nltks(order: int, discount: float) -> None:
    # NLTK has one discount for all counts; its highest order is otherwise defined the same way:
    # alpha = (c(uw) - d) / c(u) and gamma = d · N1+(u ·) / c(u).
    smoothing = nltk_smoothing(order, discount)
    got = summed(order, (discount, discount, discount))
    assert len(got.ngrams) > 20
    for ngram, share, weight in zip(got.ngrams, got.shares, got.weights, strict=True):
        padding = (BOS,) * (order - len(ngram)) if ngram[0] == BOS else ()
        alpha, gamma = smoothing.alpha_gamma(ngram[-1], (*padding, *ngram[:-1]))
        assert share == pytest.approx(alpha, rel=1e-6)
        assert weight == pytest.approx(gamma, rel=1e-6)


def test_adjusted_counts_of_tokens_are_nltks_continuation_counts() -> None:
    # NLTK's unigram is a(w) / sum a with no discount, over bigrams with one `<s>` as padding.
    smoothing = nltk_smoothing(2, 0.1)
    got = summed(2, (0.1, 0.1, 0.1))
    total = got.adjusted.sum()
    assert len(got.suffixes) == len({w for s in SENTENCES for w in s.split()}) + 1
    for (word,), adjusted in zip(got.suffixes, got.adjusted, strict=True):
        assert adjusted / total == pytest.approx(smoothing.unigram_score(word))


def test_weight_of_the_beginning_of_a_record_by_hand() -> None:
    # `<s>` is followed 8 times: a 3, the 2, b, c, d once each. With D = 1/2, 1, 3/2:
    # gamma = (3·1/2 + 1·1 + 1·3/2) / 8 = 1/2
    assert summed(2, (0.5, 1.0, 1.5)).gamma_of_bos == pytest.approx(0.5)
    assert np.isnan(summed(3, (0.5, 1.0, 1.5)).gamma_of_bos)


def test_tally_leaves_padded_ngrams_out() -> None:
    depths = np.array([0, 1, 2, 3, 15], dtype=np.uint8)
    counts = np.array([9, 1, 2, 2, 7], dtype=np.uint32)
    adjusted = np.array([9, 1, 1, 2, 5], dtype=np.uint32)
    # Of order 3: the first is padded. Adjusted counts 1, 1, 2, 5; one count is at most 1.
    assert tally(depths, counts, adjusted, 3, 1).tolist() == [2, 1, 0, 0, 9, 3, 5]
