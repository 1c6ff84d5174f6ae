"""Features against the same said with sets of strings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.ngram.tokenize import tokenize, tokenizers
from hardness.proxy.features import MOST_PAIRED, extract

WORDS = [f"w{i}" for i in range(40)]
TEXT = st.lists(st.sampled_from(WORDS[:12]), max_size=9).map(" ".join)


def extracted(*columns: Sequence[str]) -> list[set[int]]:
    words = tokenizers.get("whitespace")
    found = extract([tokenize(pa.array(column, pa.string()), words) for column in columns])
    sets = [set(found.hashes[a:b].tolist()) for a, b in pairwise(found.starts)]
    assert [len(s) for s in sets] == np.diff(found.starts).tolist(), "each feature once"
    return sets


def level(number: int) -> int:
    halvings = 0
    while number > 16:
        number, halvings = number // 2, halvings + 1
    return 16 + halvings if halvings else number


def named(*texts: str) -> set[tuple[object, ...]]:
    """The features of a record, by name."""
    lists = [text.split() for text in texts]
    found: set[tuple[object, ...]] = set()
    for k, words in enumerate(lists):
        if words:
            found |= {("word", k, w) for w in words}
            found |= {("pair", k, a, b) for a, b in pairwise(["<s>", *words, "</s>"])}
            found.add(("length", k, level(len(words))))
    if len(lists) == 2 and found:
        a, b = set(lists[0]), set(lists[1])
        found |= {("shared", w) for w in a & b} | {("only b", w) for w in b - a}
        found |= {("only a", w) for w in a - b}
        found |= {("across", x, y) for x in a - b for y in b - a}
        share = 4 * len(a & b) // max(1, len(b))
        found |= {
            ("n shared", level(len(a & b))), ("n only b", level(len(b - a))), ("share", share)
        }  # fmt: skip
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12))
def test_two_records_share_the_features_that_they_share_by_name(
    pairs: list[tuple[str, str]],
) -> None:
    hashed = extracted([a for a, _ in pairs], [b for _, b in pairs])
    by_name = [named(*pair) for pair in pairs]
    for i in range(len(pairs)):
        assert len(hashed[i]) == len(by_name[i])
        for j in range(i):
            assert len(hashed[i] & hashed[j]) == len(by_name[i] & by_name[j])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=2, max_size=6))
def test_three_columns_have_features_each_and_none_across(
    texts: list[tuple[str, str, str]],
) -> None:
    hashed = extracted(*([t[k] for t in texts] for k in range(3)))
    by_name = [named(*t) for t in texts]
    assert [len(h) for h in hashed] == [len(n) for n in by_name]
    assert len(hashed[0] & hashed[1]) == len(by_name[0] & by_name[1])


def test_record_without_a_token_has_no_feature() -> None:
    assert extracted(["", "a"], ["", ""])[0] == set()
    assert extracted(["", "a"])[0] == set()


def test_record_is_the_same_whatever_stands_beside_it() -> None:
    pairs = [("a b c", "b d"), ("x", "y z"), ("", "q"), ("a b c", "b d")]
    together = extracted([a for a, _ in pairs], [b for _, b in pairs])
    alone = [extracted([a], [b])[0] for a, b in pairs]
    assert together == alone
    assert together[0] == together[3]


def test_no_more_words_are_paired_than_allowed_and_the_same_in_all_records() -> None:
    a, b = " ".join(WORDS[:30]), WORDS[35]
    (found,) = extracted([a], [b])
    own = 30 + 31 + 1 + 1 + 2 + 1  # words, pairs and lengths of both columns
    across = 1 + 30 + 3  # only in b, only in a, three numbers
    assert len(found) == own + across + MOST_PAIRED
    (reverse,) = extracted([" ".join(reversed(WORDS[:30]))], [b])
    pairs = len(found & reverse) - (30 + 1 + 1 + 2 + 1) - across
    assert pairs == MOST_PAIRED


@pytest.mark.parametrize("n", [16, 17, 33, 1000])
def test_long_texts_are_told_apart_by_powers_of_two(n: int) -> None:
    def lengths(k: int) -> set[int]:
        return extracted([" ".join(["w"] * k)])[0]

    same = level(n) == level(n + 1)
    # Of so many equal words, only the length can differ.
    assert (lengths(n) == lengths(n + 1)) is same
