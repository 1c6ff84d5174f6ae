"""Counts from routed keys equal counts from dictionaries."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.util import ngrams as nltk_ngrams

from hardness.ngram.count import FIRST, count_partitions
from hardness.ngram.keys import partition_keys, return_counts
from hardness.ngram.tokenize import Tokens, tokenize, tokenizers
from tests.ngram.oracle import BOS, EOS, TOKENIZERS
from tests.ngram.test_tokenize import TEXTS

NO_SALTS = np.empty(0, dtype=np.uint64)


def count_at_positions(tokens: Tokens, order: int, n_bits: int, salts=NO_SALTS) -> np.ndarray:
    keys, bounds = partition_keys(tokens.ids, tokens.starts, order, salts, n_bits)
    counts = np.empty(len(keys), dtype=np.uint32)
    count_partitions(keys, bounds[None, :], 1, counts)
    out = np.empty(len(keys), dtype=np.uint32)
    return_counts(tokens.ids, tokens.starts, order, salts, n_bits, bounds, counts, out)
    return out


def padded_ngrams(text: str, order: int, tokenizer: str = "words") -> list[tuple]:
    """The n-grams that end at each predicted position, by NLTK."""
    tokens = TOKENIZERS[tokenizer](text)
    if not tokens:
        return []
    return list(nltk_ngrams([BOS] * (order - 1) + tokens + [EOS], order))


@pytest.mark.parametrize("n_bits", [0, 1, 5])
@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.text("ab é", max_size=12), min_size=1, max_size=12))
def test_counts_equal_nltks(order: int, n_bits: int, texts: list[str]) -> None:
    tokens = tokenize(pa.array(texts), tokenizers.get("words"))
    ngrams = [ngram for text in texts for ngram in padded_ngrams(text, order)]
    counts = Counter(ngrams)
    got = count_at_positions(tokens, order, n_bits)
    assert (got >> 1).tolist() == [counts[ngram] for ngram in ngrams]
    first = [ngram not in ngrams[:i] for i, ngram in enumerate(ngrams)]
    assert (got & FIRST).tolist() == first


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("tokenizer", ["words", "whitespace", "nltk"])
def test_counts_of_rich_text_equal_nltks(tokenizer: str, order: int) -> None:
    texts = [*TEXTS.values(), " ".join(TEXTS.values()), *list(TEXTS.values())[::2]]
    tokens = tokenize(pa.array(texts), tokenizers.get(tokenizer))
    ngrams = [ngram for text in texts for ngram in padded_ngrams(text, order, tokenizer)]
    counts = Counter(ngrams)
    assert max(counts.values()) > 1
    got = count_at_positions(tokens, order, 3) >> 1
    assert got.tolist() == [counts[ngram] for ngram in ngrams]


def test_tables_grow_to_any_number_of_keys() -> None:
    rng = np.random.default_rng(0)
    keys = rng.permutation(np.repeat(np.arange(50_000, dtype=np.uint64), 3))  # key 0 included
    keys = keys[keys != 1]
    keys = np.concatenate([keys[keys % 2 == 0], keys[keys % 2 == 1]])
    counts = np.empty(len(keys), dtype=np.uint32)
    half, n = np.count_nonzero(keys % 2 == 0), len(keys)
    one_block, two_partitions = np.array([[0, n]]), np.array([[0, half, n]])
    three_blocks = np.array([[0, 700], [700, 40_000], [40_000, n]])
    for bounds in (one_block, two_partitions, three_blocks):
        assert count_partitions(keys, bounds, len(bounds), counts) == 49_999
        assert set((counts >> 1).tolist()) == {3}
        assert np.array_equal(
            np.flatnonzero(counts & FIRST), np.sort(np.unique(keys, return_index=True)[1])
        )


def test_keys_of_unfitted_blocks_are_only_looked_up() -> None:
    keys = np.array([5, 5, 7, 5, 9, 7], dtype=np.uint64)
    counts = np.empty(6, dtype=np.uint32)
    n_distinct = count_partitions(keys, np.array([[0, 3], [3, 6]]), 1, counts)
    assert n_distinct == 2
    assert counts.tolist() == [2 * 2 + FIRST, 2 * 2, 2 * 1 + FIRST, 2 * 2, 0, 2 * 1]


def test_no_partition_knows_the_keys_of_another() -> None:
    keys = np.array([5, 5, 5, 7, 5], dtype=np.uint64)
    counts = np.empty(5, dtype=np.uint32)
    # One block with two partitions, and one that is only looked up.
    assert count_partitions(keys, np.array([[0, 2, 3], [3, 4, 5]]), 1, counts) == 2
    assert counts.tolist() == [2 * 2 + FIRST, 2 * 2, 2 * 1 + FIRST, 0, 2 * 1]


def test_salted_keys_count_within_groups() -> None:
    tokens = tokenize(pa.array(["a b", "a b", "a c"]), tokenizers.get("words"))
    salts = np.array([11, 11, 13], dtype=np.uint64)
    got = count_at_positions(tokens, 1, 2, salts) >> 1
    assert got.tolist() == [2, 2, 2, 2, 2, 2, 1, 1, 1]


def test_wide_counts_equal_narrow_ones() -> None:
    keys = np.array([1, 2, 1, 3, 2, 1], dtype=np.uint64)
    bounds = np.array([[0, 6]])
    narrow, wide = np.empty(6, dtype=np.uint32), np.empty(6, dtype=np.uint64)
    count_partitions(keys, bounds, 1, narrow)
    count_partitions(keys, bounds, 1, wide)
    assert wide.tolist() == narrow.tolist()
