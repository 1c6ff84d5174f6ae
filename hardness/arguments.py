"""The options of a function as the words of its command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_arguments(options: Mapping[str, Any]) -> list[str]:
    """Options of a function as those of its command; None and False are left out."""
    words: list[str] = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [flag] if value else []
        elif isinstance(value, list | tuple):
            words += [word for item in value for word in (flag, str(item))]
        elif value is not None:
            words += [flag, str(value)]
    return words
