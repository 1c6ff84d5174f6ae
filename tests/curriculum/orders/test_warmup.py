"""A curriculum first, random order then."""

from __future__ import annotations

import pytest

from tests.curriculum.orders.test_orders import arrange, spread


@pytest.mark.parametrize(("f", "ordered"), [(0.2, 20), (0.5, 50), (1, 100)])
def test_only_the_first_part_rises(f: float, ordered: int) -> None:
    sequence = arrange(f"warmup:{f}", spread(100))
    assert sequence[:ordered] == sorted(sequence[:ordered])
    if ordered < 100:
        assert sequence[ordered:] != sorted(sequence[ordered:])
        assert max(sequence[:ordered]) > 90  # a sample of all of them


def test_the_share_is_of_all_epochs() -> None:
    sequence = arrange("warmup:0.6,order=descending", spread(50), epochs=2)
    assert sequence[:50] == list(range(49, -1, -1))
    assert sequence[50:60] == sorted(sequence[50:60], reverse=True)
    assert sorted(sequence[50:]) == list(range(50))
