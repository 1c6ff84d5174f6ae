"""Numbers and lines of ARPA files."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.ngram.arpa import format_ngrams, header, marks
from hardness.ngram.spell import spell, token_starts
from hardness.ngram.tokenize import tokenizers


def written(value: float) -> str:
    """The number as it stands in the line of `<unk>`."""
    return marks(value, 1.0).decode().split("\t")[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "0"),
        (0.1, "-1"),
        (0.01, "-2"),
        (0.5, "-0.30103"),
        (10**-0.05, "-0.05"),
        (1e-12, "-12"),
        (1 - 1e-9, "0"),
        (1 + 1e-6, "0"),
        (0.0, "-99"),
    ],
)
def test_logarithms_are_written_without_trailing_zeros(value: float, text: str) -> None:
    assert written(value) == text


@given(st.floats(min_value=1e-30, max_value=1.0))
def test_logarithms_are_written_to_seven_decimals(value: float) -> None:
    text = written(value)
    assert float(text) == pytest.approx(math.log10(value), abs=0.51e-7)
    assert len(text.partition(".")[2]) <= 7


def test_header_gives_the_number_of_ngrams_of_each_order() -> None:
    assert header([3, 20]) == b"\\data\\\nngram 1=3\nngram 2=20\n"


def test_lines_of_ngrams() -> None:
    # Positions: 0 a, 1 é, 2 </s>, 3 b, 4 </s>. The trigrams ending at 1, 2 and 4.
    spelled = spell(pa.array(["a é", "b"]), tokenizers.get("words"))
    tokens = spelled.tokens()
    lines = format_ngrams(
        spelled.data,
        token_starts(spelled.data, tokens.starts),
        np.array([0, 1, 2, 4], dtype=np.uint32),
        np.array([0, 1, 2, 1], dtype=np.uint8),
        np.array([False, True, True, True]),
        3,
        np.array([1.0, 0.1, 0.01, 0.001], dtype=np.float32),
        np.array([1.0, 1.0, 0.1, 1.0], dtype=np.float32),
    )
    assert lines.tobytes().decode().splitlines() == [
        "-1\t<s> a é\t0",
        "-2\ta é </s>\t-1",
        "-3\t<s> b </s>\t0",
    ]
