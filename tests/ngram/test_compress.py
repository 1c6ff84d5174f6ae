"""Compression ratios against zstd called text by text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.ngram.compress import compression_ratios
from hardness.ngram.strings import string_buffers

MAGIC_BYTES = 4


def ratios(texts: list[str]) -> list[float]:
    return compression_ratios(*string_buffers(pa.array(texts, pa.string()))).tolist()


def naive(text: str) -> float:
    data = text.encode()
    if not data:
        return float("nan")
    frame = zstandard.ZstdCompressor(level=3, write_content_size=False, write_checksum=False)
    return (len(frame.compress(data)) - MAGIC_BYTES) / len(data)


@settings(max_examples=80, deadline=None)
@given(texts=st.lists(st.one_of(st.text(max_size=40), st.text("ab ", max_size=300)), max_size=8))
def test_equals_compressing_one_by_one(texts: list[str]) -> None:
    np.testing.assert_array_equal(ratios(texts), list(map(naive, texts)))


def test_repetition_compresses() -> None:
    rng = np.random.default_rng(0)
    varied = "".join(map(chr, rng.integers(33, 126, size=4000)))
    repeated = "the same words again and again , " * 120
    high, low = ratios([varied, repeated])
    assert low < 0.05 < 0.7 < high
    assert ratios(["a"])[0] > 1


@pytest.mark.parametrize("texts", [[], [""], ["", ""]], ids=["none", "empty", "all empty"])
def test_nothing_has_no_ratio(texts: list[str]) -> None:
    assert np.isnan(ratios(texts)).all()
    assert len(ratios(texts)) == len(texts)
