"""Amounts of memory as users write them."""

from __future__ import annotations

import pytest

from hardness.errors import HardnessError
from hardness.memory import parse_memory


@pytest.mark.parametrize(
    ("given_size", "size"),
    [
        (None, 4 * 10**9),
        (2_000_000, 2_000_000),
        ("4GB", 4 * 10**9),
        ("1.5 gb", 1_500_000_000),
        ("512MiB", 512 * 2**20),
        ("2g", 2 * 10**9),
    ],
)
def test_memory_reads_sizes(given_size: int | str | None, size: int) -> None:
    assert parse_memory(given_size) == size


@pytest.mark.parametrize("wrong", ["lots", "-4GB", 1000, "4XB", ""])
def test_memory_refuses_the_rest(wrong: int | str) -> None:
    with pytest.raises(HardnessError, match="memory must be at least 1 MB"):
        parse_memory(wrong)
