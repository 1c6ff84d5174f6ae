"""The rules that options are checked against, each giving its message or None."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hardness.errors import HardnessError
from hardness.io.stores import is_url


def one_of(name: str, value: object, allowed: Sequence[object]) -> str | None:
    """`value` is one of `allowed`; the nearest one is suggested."""
    if value in allowed:
        return None
    words = ", ".join(str(item) for item in allowed if item is not None)
    nearest = difflib.get_close_matches(str(value), words.split(", "), n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "choose one of them"
    return f"{name} must be one of {words}, got {value!r}; {hint}"


def whole_number(name: str, value: object, *, least: int, optional: bool = False) -> str | None:
    """`value` is a whole number of at least `least`, or None where that is allowed."""
    if optional and value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return None
    fix = f"give {least} or more"
    return f"{name} must be a whole number from {least}, got {value!r}; {fix}"


def number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    below: float = math.inf,
) -> str | None:
    """`value` is a finite number in the range."""
    low = least if above is None else above
    assert low is not None
    real = isinstance(value, int | float) and not isinstance(value, bool)
    if real and (value >= low if above is None else value > low) and value < below:
        return None
    if below < math.inf:
        rule = f"in {'[' if above is None else '('}{low:g}, {below:g})"
    else:
        rule = f"{'at least' if above is None else 'a number above'} {low:g}"
    return f"{name} must be {rule}, got {value!r}; the default works for most data"


def pattern(name: str, value: str | None) -> str | None:
    """`value` is a regular expression, or None."""
    if value is None:
        return None
    try:
        re.compile(value)
    except re.error as error:
        return f"{name} must be a regular expression, got {value!r} ({error}); mend it"
    return None


def model_folder(model: str | Path, *, builtin: str) -> str | None:
    """`model` is the built-in one or a folder with a config.json."""
    if str(model) == builtin or (Path(model) / "config.json").is_file():
        return None
    found = "a folder without config.json" if Path(model).is_dir() else "no such folder"
    return (
        f"model must be {builtin!r} or the folder of a local Hugging Face model, got "
        f"{str(model)!r}, {found}; save one there with save_pretrained"
    )


def message_of(check: Callable[[], object]) -> str | None:
    """The message of the mistake that `check` finds."""
    try:
        check()
    except HardnessError as error:
        return str(error)
    return None


def local(name: str, value: object) -> str | None:
    """`value` is a path on this machine's disks."""
    if not is_url(value):
        return None
    return f"{name} must be a local folder, got {str(value)!r}; train there and copy it afterwards"
