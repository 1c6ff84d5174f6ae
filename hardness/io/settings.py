"""YAML files of settings, with the line of every key, so that all mistakes are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from hardness.errors import HardnessError

Keys: TypeAlias = tuple[str | int, ...]
"""Where a value stands: the keys and list indices that lead to it."""


class Settings:
    """The values of a YAML file, and what is wrong with them.

    Attributes:
        path: of the file.
        values: its top-level mapping.
    """

    def __init__(self, path: Path, values: dict[str, Any], lines: Mapping[Keys, int]) -> None:
        self.path = path
        self.values = values
        self._lines = lines
        self._problems: list[tuple[int, str]] = []

    def refuse(self, keys: Keys | None, problem: str) -> None:
        """Note that the value at `keys`, or the nearest above it that is there, is wrong.

        Args:
            keys: None for what is wrong elsewhere and is to be told with the file's mistakes.
            problem: what is wrong.
        """
        if keys is None:
            self._problems.append((0, problem))
            return
        while keys not in self._lines:
            keys = keys[:-1]
        found = self._lines[keys], problem
        if found not in self._problems:  # a value that several things share
            self._problems.append(found)

    def has(self, keys: Keys) -> bool:
        """Whether there is a value at `keys`."""
        return keys in self._lines

    def only(self, keys: Keys, found: Mapping[str, Any], known: Collection[str]) -> None:
        """Refuse every key of the mapping `found` at `keys` that is not among the known ones."""
        for name in found:
            if name in known:
                continue
            nearest = difflib.get_close_matches(str(name), list(known), n=1)
            fix = f"did you mean {nearest[0]!r}?" if nearest else "leave it out"
            self.refuse(
                (*keys, name), f"key must be one of {', '.join(known)}, got {name!r}; {fix}"
            )

    def check(self) -> None:
        """Raises a HardnessError that tells of everything refused so far, in order of line."""
        told = [
            f"{self.path}:{line}: {problem}" if line else problem
            for line, problem in sorted(self._problems)
        ]
        if len(told) == 1:
            raise HardnessError(told[0])
        if told:
            raise HardnessError("\n  ".join([f"{len(told)} settings are wrong:", *told]))


def read_settings(path: str | Path) -> Settings:
    """Read a YAML file whose top level is a mapping.

    Raises:
        HardnessError: it is not there, is no YAML, has a key twice or is no mapping.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise HardnessError(
            f"{path} must be a readable YAML file, got {reason}; check its path"
        ) from None
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise HardnessError(
                f"{path} must hold `key: value` lines, got none at its top level; write some"
            )
        lines: dict[Keys, int] = {(): 1}
        _note_lines(node, (), lines, path)
        return Settings(path, loader.construct_document(node), lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = path if mark is None else f"{path}:{mark.line + 1}"
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise HardnessError(
            f"{where} must be valid YAML, got an error: {problem}; mend it"
        ) from None
    finally:
        loader.dispose()


def _note_lines(node: yaml.Node, keys: Keys, lines: dict[Keys, int], path: Path) -> None:
    """The line of every key and list item under a node."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[*keys, index] = item.start_mark.line + 1
            _note_lines(item, (*keys, index), lines, path)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*keys, key.value)
            line = key.start_mark.line + 1
            if below in lines:
                raise HardnessError(
                    f"{path}:{line}: key must be given once, got {key.value!r} again after line "
                    f"{lines[below]}; delete one"
                )
            lines[below] = line
            _note_lines(value, below, lines, path)
