"""Alignment by compression against gzip itself, in this process and in one of its own."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.ngram.alignment import alignments, deflated, open_aligner

HEADER_BYTES = 18
TEXTS = st.lists(st.text("ab é.", min_size=1, max_size=60).map(str.encode), min_size=1, max_size=6)


def size(text: bytes) -> int:
    return len(gzip.compress(text, mtime=0)) - HEADER_BYTES


def naive(text: bytes, targets: list[bytes]) -> float:
    def distance(target: bytes) -> float:
        low, high = sorted([size(text), size(target)])
        return (size(text + target) - low) / high

    return sum(1 - distance(target) for target in targets) / len(targets)


@settings(max_examples=80, deadline=None)
@given(texts=TEXTS, targets=TEXTS)
def test_equals_gzip_without_its_header(texts: list[bytes], targets: list[bytes]) -> None:
    assert [deflated(text) for text in texts] == [size(text) for text in texts]
    expected = [naive(text, targets) for text in texts]
    assert list(alignments(texts, targets)) == pytest.approx(expected, rel=1e-12)


def test_a_process_of_its_own_gives_the_same() -> None:
    texts = [f"text number {i}, naïve 日本 {'x' * i}".encode() for i in range(50)]
    targets = [b"text number", "日本".encode(), b"z" * 3000]
    with open_aligner(targets) as aligner:
        first, second = aligner.align(texts[:30]), aligner.align(texts[30:])
    assert first + second == alignments(texts, targets)


def test_a_process_that_is_gone_is_noticed() -> None:
    with open_aligner([]) as aligner:  # without targets it fails at the first text
        assert list(aligner.align([])) == []
        with pytest.raises(RuntimeError, match="a process ended while it was compressing"):
            aligner.align([b"text"])
