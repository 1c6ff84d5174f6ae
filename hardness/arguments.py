"""Options as they are written: of a function as the words of its command, and lists as texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def as_names(value: str | Sequence[str]) -> tuple[str, ...]:
    """Names that are given as "a,b" or one by one."""
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(part.strip() for part in parts)
