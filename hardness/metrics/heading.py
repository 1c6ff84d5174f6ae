"""What metrics and their columns are called for reading, and what decided their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hardness.io.digest import is_digest

DIGITS = 8
"""Of a digest: they tell one file from another."""
_MOST_FILES = 3


def full_name(metric: str, column: str) -> str:
    """`metric.column`, or the metric's name where its column has the same."""
    return metric if column == metric else f"{metric}.{column}"


def made_with(parameters: Mapping[str, object]) -> str:
    """Parameters of a metric.json for reading, such as "order 3, reference 27819b06".

    A reference, a model, dynamics and other files are told by the first eight digits of the digest
    of their contents, which is all that metric.json keeps of them.

    Args:
        parameters: name to value, JSON-like; those that are None or empty are left out.
    """
    told = {name: _told(value) for name, value in parameters.items()}
    return ", ".join(f"{name} {value}" for name, value in told.items() if value)


def _told(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        shown = list(map(_told, value))
        if len(shown) > _MOST_FILES and all(map(is_digest, value)):
            shown[_MOST_FILES:] = [f"and {len(shown) - _MOST_FILES} more"]
        return " ".join(filter(None, shown))
    kind, colon, rest = str(value).rpartition(":")
    return f"{kind}{colon}{rest[:DIGITS]}" if is_digest(rest) else str(value)
