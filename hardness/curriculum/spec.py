"""Curriculum specs: YAML files with the options of a build that make up a curriculum."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardness.curriculum.admission import BETWEEN
from hardness.curriculum.curriculum import problems
from hardness.io.settings import read_settings
from hardness.io.shipped import CURRICULA

KEYS = (
    "by", "order", "admit", "select", "keep_random", "epochs", "normalize", "nulls", "weighting",
    "seed",
)  # fmt: skip
"""What a spec may set."""


def load_spec(spec: str | Path) -> dict[str, Any]:
    """The options that a spec sets.

    Args:
        spec: a shipped name, or the path of a file.

    Raises:
        HardnessError: there is no such spec, or all that is wrong with it, each with its line.
    """
    settings = read_settings(CURRICULA.find(spec))
    settings.only((), settings.values, KEYS)
    options = {}
    for key in KEYS:
        if key not in settings.values:
            continue
        value = _joined(settings.values[key])
        if isinstance(value, str | int | float):
            options[key] = value
        else:
            settings.refuse(
                (key,), f"{key} must be one value, got {value!r}; leave it out for the default"
            )
    for key, message in problems(options).items():
        settings.refuse((key,), message)
    settings.check()
    return options


def over_spec(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a build: those that are given, then those of its spec.

    An order that is given takes the place of a spec's admission, and the other way round.
    """
    instead = {"order": "admit", "admit": "order"}
    dropped = {instead[name] for name in given if name in instead}
    return {name: value for name, value in spec.items() if name not in dropped} | dict(given)


def _joined(value: Any) -> Any:
    """A list of texts, as the schedules of `admit` are written, in one line."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return f" {BETWEEN} ".join(value)
    return value
