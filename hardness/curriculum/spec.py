"""Curriculum specs: YAML files with the options of a build that make up a curriculum."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from hardness.curriculum.admission import BETWEEN
from hardness.curriculum.curriculum import problems
from hardness.errors import HardnessError
from hardness.io.settings import read_settings

KEYS = (
    "by", "order", "admit", "select", "keep_random", "epochs", "normalize", "nulls", "weighting",
    "seed",
)  # fmt: skip
"""What a spec may set."""

SUFFIX = ".yaml"


def shipped() -> dict[str, Path]:
    """The specs that come with hardness, by name."""
    package = Path(__file__).parents[1]
    # Inside a wheel they lie under the package; in a checkout beside it.
    for folder in (package / "_shipped" / "curricula", package.parent / "curricula"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}
    return {}


def find_spec(spec: str | Path) -> Path:
    """The file of a spec.

    Args:
        spec: a shipped name, or the path of a file.

    Raises:
        HardnessError: neither.
    """
    found = shipped().get(str(spec))
    if found is not None:
        return found
    path = Path(spec)
    if path.is_file():
        return path
    known = list(shipped())
    nearest = difflib.get_close_matches(str(spec), known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "see `hardness curricula list`"
    raise HardnessError(
        f"curriculum must be a YAML file or one of {', '.join(known)}, got {str(spec)!r}; {hint}"
    )


def load_spec(spec: str | Path) -> dict[str, Any]:
    """The options that a spec sets.

    Args:
        spec: a shipped name, or the path of a file.

    Raises:
        HardnessError: there is no such spec, or all that is wrong with it, each with its line.
    """
    settings = read_settings(find_spec(spec))
    settings.only((), settings.values, KEYS)
    options = {key: _joined(settings.values[key]) for key in KEYS if key in settings.values}
    for key, value in options.items():
        if not isinstance(value, str | int | float):
            settings.refuse(
                (key,), f"{key} must be one value, got {value!r}; leave it out for the default"
            )
    for key, message in problems(options).items():
        settings.refuse((key,), message)
    settings.check()
    return options


def _joined(value: Any) -> Any:
    """A list of texts, as the schedules of `admit` are written, in one line."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return f" {BETWEEN} ".join(value)
    return value


def header(path: Path) -> dict[str, str]:
    """What the comment at the head of a spec says under its title and under `What`, `When`, …."""
    said: dict[str, str] = {}
    heading = "title"
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        words = line.removeprefix("#").strip()
        name, colon, rest = words.partition(":")
        if colon and name.isidentifier() and name[0].isupper():
            heading, words = name.lower(), rest.strip()
        said[heading] = f"{said.get(heading, '')} {words}".strip()
    return said
