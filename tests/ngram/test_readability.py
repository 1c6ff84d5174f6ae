"""Flesch reading ease against a plain reading of its rules, and values worked out by hand."""

from __future__ import annotations

import math
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.ngram.readability import character_classes, flesch_counts, reading_ease
from hardness.ngram.strings import string_buffers


def counts(texts: list[str]) -> list[tuple[int, ...]]:
    found = flesch_counts(*string_buffers(pa.array(texts, pa.string())), character_classes())
    return [tuple(column) for column in found.T.tolist()]


def syllables_of_run(run: str) -> int:
    letters = re.sub("['’]", "", run.lower())
    groups = len(re.findall("[aeiouy]+", letters))
    silent = re.search("[^aeiouy](e|(?<![td])ed|(?<![sxzcgh])es)$", letters)
    heard = re.search("[^aeiouyl]l(e|ed|es)$", letters)
    return max(1, groups - bool(groups > 1 and silent and not heard))


def naive(text: str) -> tuple[int, int, int]:
    words = sentences = syllables = since = 0
    for chunk in text.split():
        if re.search("[A-Za-z0-9]", chunk):
            runs = [run for run in re.findall("[A-Za-z'’]+", chunk) if run.strip("'’")]
            words, since = words + 1, since + 1
            syllables += max(1, sum(map(syllables_of_run, runs)))
        if since and re.search("[.!?…][\"')\\]}”»’]*$", chunk):
            sentences, since = sentences + 1, 0
    return words, sentences + (since > 0), syllables


PIECES = (
    "the table handled called wanted makes boxes whole belle led le es ed Mr. e.g. 3.14 2024 x1y "
    "don't ’tis rock-n-roll naïve café Straße 日本 語。 İs K . ! ?! … ... \"Yes.\" (no!) a.b it.' "
    "\u00a0 \u2003 \n \t . , ; AEIOU YES Eye queue rhythm"
).split(" ")


@settings(max_examples=200, deadline=None)
@given(
    texts=st.lists(
        st.one_of(
            st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
            st.text("abdelstxy'’.!?…)\" é1日\u00a0\n", max_size=40),
            st.text(max_size=20),
        ),
        max_size=6,
    )
)
def test_counts_equal_the_naive_oracle(texts: list[str]) -> None:
    assert counts(texts) == [naive(text) for text in texts]


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("cat", 1), ("table", 2), ("whole", 1), ("called", 1), ("wanted", 2), ("handled", 2),
        ("makes", 1), ("boxes", 2), ("beautiful", 3), ("the", 1), ("rhythm", 1), ("don't", 1),
        ("well-known", 2), ("2024", 1), ("reading", 2), ("syllable", 3),
    ],
)  # fmt: skip
def test_syllables_of_words(word: str, syllables: int) -> None:
    assert counts([word]) == [(1, 1, syllables)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 206.835 - 1.015 * 6 - 84.6 * 1
        pytest.param("The cat sat on the mat.", 116.145, id="one sentence"),
        pytest.param("The cat sat on the mat .", 116.145, id="a mark apart"),
        # 8 words, 2 sentences, 13 syllables (an-i-mals, o-ver, lit-tle, trou-ble): 206.835 - 1.015
        # * 4 - 84.6 * 13 / 8
        pytest.param("Animals ran over it. Was it little trouble?", 65.3, id="two sentences"),
        pytest.param("Go!", 121.22, id="the highest"),
        pytest.param("", math.nan, id="empty"),
        pytest.param(". ! ?", math.nan, id="marks alone"),
        pytest.param("日本 語。", math.nan, id="no Latin letter"),
    ],
)
def test_golden_values(text: str, expected: float) -> None:
    got = reading_ease(*string_buffers(pa.array([text])))
    np.testing.assert_allclose(got, [expected], rtol=1e-12)
