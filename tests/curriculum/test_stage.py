"""The thread stage."""

from __future__ import annotations

import threading
import time

import pytest

from hardness.curriculum.stage import ThreadStage


def test_results_are_in_the_order_of_the_items() -> None:
    assert ThreadStage(3)("square", lambda x: x * x, range(20)) == [x * x for x in range(20)]


def test_items_run_at_the_same_time() -> None:
    barrier = threading.Barrier(2, timeout=10)
    ThreadStage(2)("meet", lambda _: barrier.wait(), range(2))


def test_the_first_failure_stops_what_has_not_begun() -> None:
    begun = []

    def fail(item: int) -> None:
        begun.append(item)
        time.sleep(0.01)
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 0"):
        ThreadStage(1)("fail", fail, range(1000))
    assert len(begun) < 1000
