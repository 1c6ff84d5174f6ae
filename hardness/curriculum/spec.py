"""Curriculum specs: YAML files with the options of a build that make up a curriculum."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hardness.curriculum.curriculum import problems
from hardness.errors import HardnessError

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
    path = find_spec(spec)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise HardnessError(
            f"curriculum must be UTF-8, got {path} with other bytes at {error.start}; save it anew"
        ) from None
    options, lines, wrong = _read(text, path)
    found = dict(wrong)
    for key, message in problems(options).items():
        found[lines[key]] = "; and ".join(filter(None, (found.get(lines[key]), message)))
    if found:
        listed = "; ".join(f"line {line}: {found[line]}" for line in sorted(found))
        raise HardnessError(f"{path} must be a curriculum, got {listed}")
    return options


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


def _read(text: str, path: Path) -> tuple[dict[str, Any], dict[str, int], dict[int, str]]:
    """The options that are known, the line of each, and what is wrong in which line."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise HardnessError(
            f"{path} must be YAML, got line {mark.line + 1 if mark else 1}: {error.problem}; "
            "mend it there"
        ) from None
    except yaml.YAMLError as error:
        raise HardnessError(f"{path} must be YAML, got {error}; mend it") from None
    if node is None:
        return {}, {}, {}
    if not isinstance(node, yaml.MappingNode):
        raise HardnessError(f"{path} must hold `key: value` lines, got something else; mend it")
    options: dict[str, Any] = {}
    lines: dict[str, int] = {}
    wrong: dict[int, str] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        value = _value(value_node)
        message = _problem(key, value, lines)
        if message is None:
            options[key], lines[key] = value, line
        else:
            wrong[line] = message
    return options, lines, wrong


def _problem(key: str, value: Any, lines: Mapping[str, int]) -> str | None:
    if key not in KEYS:
        nearest = difflib.get_close_matches(key, KEYS, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(KEYS)}"
        return f"unknown key {key!r}; {hint}"
    if key in lines:
        return f"{key} is given twice, first in line {lines[key]}"
    if value is None or isinstance(value, dict | list):
        return f"{key} must be one value, got {value!r}; leave the line out for the default"
    return None


def _value(node: yaml.Node) -> Any:
    """The value of a node; the several schedules of `admit` may be a list."""
    loader = yaml.SafeLoader("")
    value = loader.construct_object(node, deep=True)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return value
