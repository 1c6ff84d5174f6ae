"""Arrays a part at a time."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from hardness import chunks
from hardness.chunks import of_each_chunk


@pytest.mark.parametrize("n", [0, 1, 6, 7, 8, 50])
def test_chunks_cover_every_number_once_and_results_keep_their_order(
    monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 7)
    numbers = np.arange(n)
    found = of_each_chunk(lambda part: numbers[part].tolist(), n)
    assert [number for part in found for number in part] == numbers.tolist()
    assert all(len(part) == 7 for part in found[:-1])


def test_a_single_chunk_starts_no_thread() -> None:
    assert of_each_chunk(lambda part: threading.current_thread(), 100) == [
        threading.current_thread()
    ]


def test_what_fails_in_a_chunk_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 1)

    def fail(part: slice) -> None:
        if part.start == 3:
            raise ValueError("three")

    with pytest.raises(ValueError, match="three"):
        of_each_chunk(fail, 5)
