"""What decided the numbers of a metric, for reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hardness.io.digest import is_digest

DIGITS = 8
"""Of a digest: they tell one file from another."""
_MOST_FILES = 3


def made_with(parameters: Mapping[str, object]) -> str:
    """Parameters of a metric.json for reading, such as "order 3, reference 27819b06".

    A reference, a model, dynamics and other files are told by the first eight digits of the digest
    of their contents, which is all that metric.json keeps of them. The columns of an expression
    are named by the expression itself.

    Args:
        parameters: name to value, JSON-like; those that are None or empty are left out.
    """
    if "expr" in parameters:
        parameters = {"expr": parameters["expr"]}
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
