"""Locations in tests that keep to the disk."""

from __future__ import annotations

from pathlib import Path

from hardness.io.storage import Location


def local(location: Location) -> Path:
    """The path of a location that is not in a store."""
    assert isinstance(location, Path)
    return location
