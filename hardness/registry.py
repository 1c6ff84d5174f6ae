"""Named components that third parties can add to."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from hardness.errors import HardnessError

T = TypeVar("T")

_HOMES = {"metric": ("hardness.metrics", "metrics")}
"""Modules of registries that lower layers ask by kind."""


class Registry(Generic[T]):
    """A mapping from names to components of one kind.

    Built-in components are added with `add`. Others join by declaring an entry point in the group
    `hardness.<kind>`, which is loaded at the first look-up that needs it.

    Args:
        kind: what is registered, as it reads in messages, for example `metric`.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}
        self._families: dict[str, tuple[str, Callable[[str], T]]] = {}
        self._entry_points_loaded = False

    def add(self, name: str, item: T) -> T:
        """Register `item` under `name`.

        Raises:
            ValueError: the name is taken.
        """
        if name in self._items:
            raise ValueError(
                f"{self.kind} name must be new, got {name!r} twice; rename one of them"
            )
        self._items[name] = item
        return item

    def add_family(self, prefix: str, argument: str, make: Callable[[str], T]) -> None:
        """Register every name `prefix:...`, for components that take an argument.

        Args:
            prefix: what stands before the first colon.
            argument: what follows it, as it reads in lists of names, for example `PATH`.
            make: gives the component for what follows; raises HardnessError where it cannot.

        Raises:
            ValueError: the prefix is taken.
        """
        if prefix in self._families:
            raise ValueError(
                f"{self.kind} prefix must be new, got {prefix!r} twice; rename one of them"
            )
        self._families[prefix] = (argument, make)

    def get(self, name: str) -> T:
        """The component called `name`.

        Raises:
            HardnessError: no such name; the message lists the known ones and the nearest.
        """
        if name not in self._items:
            self._load_entry_points()
        if name in self._items:
            return self._items[name]
        prefix, _, argument = name.partition(":")
        if argument and prefix in self._families:
            return self._families[prefix][1](argument)
        known = sorted([*self._items, *self.families()])
        nearest = self.nearest(name)
        hint = f"; did you mean {nearest!r}?" if nearest else "; choose one of them"
        raise HardnessError(f"{self.kind} must be one of {', '.join(known)}, got {name!r}{hint}")

    def nearest(self, name: str) -> str | None:
        """The name most like one that is not there, if any is; a family's as `hf:PATH`."""
        known = sorted([*self.names(), *self.families()])
        return next(iter(difflib.get_close_matches(name.lower(), known, n=1)), None)

    def has(self, name: str) -> bool:
        """Whether `get` knows the name, or the family of it."""
        prefix, _, argument = name.partition(":")
        return name in self.names() or bool(argument and prefix in self._families)

    def names(self) -> list[str]:
        """All names, sorted, those of entry points included."""
        self._load_entry_points()
        return sorted(self._items)

    def families(self) -> list[str]:
        """How the names of components that take an argument read, as `hf:PATH`, sorted."""
        return sorted(f"{prefix}:{argument}" for prefix, (argument, _) in self._families.items())

    def __iter__(self) -> Iterator[tuple[str, T]]:
        for name in self.names():
            yield name, self._items[name]

    def _load_entry_points(self) -> None:
        if self._entry_points_loaded:
            return
        self._entry_points_loaded = True
        for entry_point in entry_points(group=f"hardness.{self.kind}"):
            if entry_point.name not in self._items:
                self.add(entry_point.name, entry_point.load())


def registry_of(kind: str) -> Registry[Any]:
    """The registry of a kind, for messages of layers below the one that fills it."""
    module, name = _HOMES[kind]
    return getattr(importlib.import_module(module), name)
