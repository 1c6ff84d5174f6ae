"""Words seen once give NLTK's own tokens, whatever stands around them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nltk.tokenize import NLTKWordTokenizer

from hardness.ngram import nltk_words as module
from hardness.ngram.nltk_words import nltk_words

tokenize = NLTKWordTokenizer().tokenize

PIECES = [
    *"ab'\"`.,:;)(]}>«»“”’‘„!?*-@1s$%#&—é½ \n\t\u00a0\u2028\x1c\ue000",
    *["word", "don", "12", "3.14", "Cannot", "gImme", "gımme", "more'n", "d'ye", "wanna", "'tis"],
    *["''", "``", "...", "--", "n't", "'ll", "'s", "'S", "'t", "is", "was", "can", "not"],
]
TEXT = st.lists(st.sampled_from([*PIECES, *[" "] * 25]), max_size=14).map("".join)


def check(texts: Sequence[str | None]) -> None:
    got = nltk_words(pa.array(texts, pa.string())).to_pylist()
    for text, tokens in zip(texts, got, strict=True):
        assert (tokens if text is None else tokens.split()) == (
            None if text is None else tokenize(text)
        )


@settings(max_examples=1500, deadline=None)
@given(texts=st.lists(st.none() | TEXT, max_size=12))
@example(texts=['"a" b', ' "a" b', 'a "b"', "x ' ' y", "x' '"])
@example(texts=["end.", "end. ", "end.\n", "end .) ' )", "a. ) .", "end..", ". .", "a, b,", "a,,"])
@example(texts=["cannot", "cannot.", "cannot ", "wanna", "gonna wanna.", "can not", "'tis 'Tis"])
@example(texts=["", " ", "   ", "\n", None, " a", "a ", "\ue000", "\ue000 cannot \ue000 x"])
def test_tokens_equal_nltks(texts: list[str | None]) -> None:
    check(texts)


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(st.text(max_size=20), max_size=8))
def test_tokens_of_any_text_equal_nltks(texts: list[str]) -> None:
    check(texts)


def test_words_beyond_one_call_are_seen_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_A_TIME", 3)
    check([f"it's {i}% (of) n{i}'s, don't cannot" for i in range(20)])


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string()], ids=str)
def test_type_of_strings_is_kept(type_: pa.DataType) -> None:
    texts = pa.array(["skipped", "it's", None, "a b."], type_)[1:]
    got = nltk_words(texts)
    assert got.type == type_
    assert [text and text.split() for text in got.to_pylist()] == [
        ["it", "'s"],
        None,
        ["a", "b", "."],
    ]
    assert nltk_words(texts[:0]).to_pylist() == []
