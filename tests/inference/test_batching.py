"""Blocks and batches: every record once, and the same ones together however the data is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.inference.batching import batches, block_rows, blocks


def test_blocks_are_aligned_to_rows() -> None:
    assert blocks(0, 8, 4) == [(0, 4), (4, 8)]
    assert blocks(3, 9, 4) == [(0, 4), (4, 8), (8, 12)]
    assert blocks(5, 6, 4) == [(4, 8)]
    assert blocks(5, 5, 4) == [(4, 8)]


def test_a_block_fills_a_batch_with_short_records() -> None:
    assert block_rows(2048) == 128
    assert block_rows(16_384) == 512


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        # Longest first; 3 x 4 tokens are padded to 12.
        ([4, 9, 0, 3, 4], [[1], [0, 4, 3]]),
        ([5, 5, 5], [[0, 1], [2]]),
        ([30, 1], [[0], [1]]),
        ([], []),
        ([0, 0], []),
    ],
)
def test_batches_are_those_worked_by_hand(lengths: list[int], expected: list[list[int]]) -> None:
    assert [group.tolist() for group in batches(lengths, 12)] == expected


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 200))
def test_batches_hold_every_record_once_within_their_size(lengths: list[int], size: int) -> None:
    groups = batches(lengths, size)
    together = sorted(int(index) for group in groups for index in group)
    assert together == [index for index, length in enumerate(lengths) if length]
    for group in groups:
        padded = len(group) * max(lengths[index] for index in group)
        assert padded <= size or len(group) == 1
    longest = [max(lengths[index] for index in group) for group in groups]
    assert longest == sorted(longest, reverse=True)
