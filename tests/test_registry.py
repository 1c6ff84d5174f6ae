"""Names, families of names, and what a miss says."""

from __future__ import annotations

import pytest

from hardness.errors import HardnessError
from hardness.registry import Registry


def fruits() -> Registry[str]:
    registry: Registry[str] = Registry("fruit")
    registry.add("apple", "round")
    registry.add_family("tin", "FRUIT", lambda argument: f"tinned {argument}")
    return registry


def test_family_takes_what_follows_the_colon() -> None:
    assert fruits().get("apple") == "round"
    assert fruits().get("tin:a:b") == "tinned a:b"


@pytest.mark.parametrize("name", ["tin", "tin:", "jar:apple", "aple"])
def test_miss_lists_names_and_families(name: str) -> None:
    with pytest.raises(HardnessError, match=r"fruit must be one of apple, tin:FRUIT, got '"):
        fruits().get(name)


def test_families_read_as_in_lists_of_names() -> None:
    assert fruits().families() == ["tin:FRUIT"]


@pytest.mark.parametrize("name", ["aple", "APPLE"])
def test_nearest_name_is_offered(name: str) -> None:
    with pytest.raises(HardnessError, match="did you mean 'apple'"):
        fruits().get(name)


def test_miss_with_nothing_near_says_what_to_do() -> None:
    with pytest.raises(HardnessError, match=r"got 'xyz'; choose one of them$"):
        fruits().get("xyz")


def test_taken_names_and_prefixes_are_refused() -> None:
    with pytest.raises(ValueError, match="fruit name must be new, got 'apple' twice"):
        fruits().add("apple", "")
    with pytest.raises(ValueError, match="fruit prefix must be new, got 'tin' twice"):
        fruits().add_family("tin", "X", str)
