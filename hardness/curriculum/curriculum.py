"""A curriculum: selection, then order, then what is kept at random, as one sequence.

Legend: n records that have a hardness, E epochs, k positions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from hardness.curriculum.admission import Admission, admit, parse_admission
from hardness.curriculum.grammar import Component, resolve
from hardness.curriculum.orders import Order, orders
from hardness.curriculum.selections import Context, Selection, selections
from hardness.curriculum.shares import count_of, in_turns
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.normalize import normalizers
from hardness.weighting import resolve as weighting

NULL_POLICIES = ("error", "drop", "first", "last")

SELECT, KEEP_RANDOM = 1, 2
"""Added to the seed, so that each stage's draws are its own; those of the order have the seed
alone."""


@dataclass(frozen=True, kw_only=True)
class Curriculum:
    """How scores become a sequence. Everything that decides it but the scores.

    Raises:
        HardnessError: options out of their range, all in one message.
    """

    order: str | None = None
    """An order of `hardness.curriculum.orders` with its parameters; `ascending` if None."""
    admit: str | None = None
    """Instead of an order, schedules of several metrics; see `hardness.curriculum.admission`."""
    select: str | None = None
    """A selection of `hardness.curriculum.selections` with its parameters; all records if None."""
    keep_random: float = 0.0
    """Share of the records, in [0, 1], that are drawn at random and kept whatever the selection
    and the order do: each comes once an epoch, at a random place."""
    epochs: int = 1
    """E, passes through the records, at least 1; what a pass is, each order says."""
    normalize: str = "rank"
    """A name in `hardness.normalize.normalizers`."""
    nulls: str = "error"
    """What becomes of records without a score: `error`, `drop`, or E passes through them `first`
    or `last`."""
    seed: int = 0
    """Of all that is random, at least 0."""

    def __post_init__(self) -> None:
        found = problems({item.name: getattr(self, item.name) for item in fields(self)})
        if found:
            raise HardnessError("; and ".join(found.values()))

    @cached_property
    def arrange(self) -> Component[Order]:
        """The order."""
        return resolve(self.order or "ascending", orders)

    @cached_property
    def choose(self) -> Component[Selection] | None:
        """The selection."""
        return None if self.select is None else resolve(self.select, selections)

    @cached_property
    def admissions(self) -> tuple[Admission, ...]:
        """The schedules of several metrics; empty where an order decides."""
        return () if self.admit is None else parse_admission(self.admit)

    def sequence(
        self,
        hardness: np.ndarray,
        context: Context,
        directions: Mapping[str, Direction] | None = None,
    ) -> np.ndarray:
        """Which record is trained on at each position.

        Args:
            hardness: (n,) f64 in [0, 1].
            context: the scores and columns of the same records.
            directions: of the columns that `admit` names.

        Returns:
            (k,) int, indices of records; some may be absent and some occur several times.

        Raises:
            HardnessError: parameters that do not fit the records, or an order that returns
                something else than indices.
        """
        n = len(hardness)
        kept = count_of(self.keep_random, n)
        if not kept:
            return self._scheduled(hardness, context, directions or {})
        rng = np.random.default_rng([self.seed, KEEP_RANDOM])
        shuffled = rng.permutation(n)
        aside, rest = np.sort(shuffled[:kept]), np.sort(shuffled[kept:])
        scheduled = rest[self._scheduled(hardness[rest], context.of(rest), directions or {})]
        return _mixed(scheduled, aside[in_turns(kept, self.epochs * kept, rng)], rng)

    def _scheduled(
        self, hardness: np.ndarray, context: Context, directions: Mapping[str, Direction]
    ) -> np.ndarray:
        """Selection, then order."""
        if self.choose is None:
            return self._arranged(hardness, context, directions)
        rng = np.random.default_rng([self.seed, SELECT])
        found = self.choose(hardness, rng, context)
        chosen = np.sort(_indices(found, len(hardness), f"select {str(self.choose)!r}"))
        arranged = self._arranged(hardness[chosen], context.of(chosen), directions)
        return chosen[arranged]

    def _arranged(
        self, hardness: np.ndarray, context: Context, directions: Mapping[str, Direction]
    ) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        n = len(hardness)
        if self.admissions:
            scores = [context.read(item.column) for item in self.admissions]
            ways: list[Direction] = [directions[item.column] for item in self.admissions]
            return admit(self.admissions, scores, ways, self.epochs * n, rng)
        if "epochs" in inspect.signature(self.arrange.function).parameters:
            found = self.arrange(hardness, rng, epochs=self.epochs)
        else:
            found = np.concatenate([self.arrange(hardness, rng) for _ in range(self.epochs)])
        return _indices(found, n, f"order {str(self.arrange)!r}")

    def describe(self) -> dict[str, Any]:
        """What the manifest says: each part in its shortest form, and all parameters."""
        parts: dict[str, Component[Any]] = {}
        if not self.admissions:
            parts["order"] = self.arrange
        if self.choose is not None:
            parts["select"] = self.choose
        return {
            "order": None if self.admissions else str(self.arrange),
            "admit": "; ".join(map(str, self.admissions)) or None,
            "select": None if self.choose is None else str(self.choose),
            "keep_random": self.keep_random,
            "normalize": self.normalize,
            "nulls": self.nulls,
            "parameters": {name: _plain(part.arguments) for name, part in parts.items()}
            | {f"admit {item.column}": _plain(item.schedule.arguments) for item in self.admissions},
        }


def problems(options: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the fields of a curriculum, by name.

    Args:
        options: some of the fields.
    """
    found = {name: CHECKS[name](value) for name, value in options.items() if name in CHECKS}
    if options.get("admit") is not None and options.get("order") is not None:
        found["admit"] = found["admit"] or (
            f"admit must stand alone, got order {options['order']!r} too; leave one of them out"
        )
    return {name: message for name, message in found.items() if message is not None}


def _message(make: Callable[[Any], object]) -> Callable[[Any], str | None]:
    """A check that passes None, and what can be made a component of."""

    def check(value: Any) -> str | None:
        if value is None:
            return None
        try:
            make(value if isinstance(value, str) else str(value))
        except HardnessError as error:
            return str(error)
        return None

    return check


def _keep_random(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return None
    return f"keep_random must be a number from 0 to 1, got {value!r}; 0.2 keeps a fifth at random"


def _whole(name: str, least: int) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return None
        return f"{name} must be at least {least}, got {value!r}; choose another"

    return check


def _nulls(value: Any) -> str | None:
    if value in NULL_POLICIES:
        return None
    return f"nulls must be one of {', '.join(NULL_POLICIES)}, got {value!r}; choose one of them"


def check_written(text: str) -> None:
    """Raises HardnessError for a weighting that cannot be written into shards."""
    needs = weighting(text).needs
    if not set(needs) <= {"hardness", "progress"}:
        raise HardnessError(
            f"weighting must need no more than hardness and progress to be written into shards, "
            f"got {text!r}, which needs {', '.join(needs)}; give it to `hardness train`"
        )


CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "order": _message(lambda text: resolve(text, orders)),
    "admit": _message(parse_admission),
    "select": _message(lambda text: resolve(text, selections)),
    "keep_random": _keep_random,
    "epochs": _whole("epochs", 1),
    "normalize": _message(normalizers.get),
    "nulls": _nulls,
    "seed": _whole("seed", 0),
    "weighting": _message(check_written),
}
"""The rule for each field, and for the weighting that goes with them: its message or None."""


def _mixed(scheduled: np.ndarray, kept: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Both in their own order, the places of each drawn at random."""
    places = np.zeros(len(scheduled) + len(kept), dtype=bool)
    places[: len(kept)] = True
    rng.shuffle(places)
    mixed = np.empty(len(places), dtype=np.result_type(scheduled, kept))
    mixed[places] = kept
    mixed[~places] = scheduled
    return mixed


def _indices(found: np.ndarray, n: int, name: str) -> np.ndarray:
    """What a function returned, if it is indices of n records."""
    found = np.asarray(found)  # a third party's may be a list
    if found.ndim == 1 and np.issubdtype(found.dtype, np.integer):
        outside = found[(found < 0) | (found >= n)]
        if not len(outside):
            return found
        got = f"{outside[0]} and {len(outside) - 1} more outside"
    else:
        got = f"an array of {found.dtype} with the shape {found.shape}"
    raise HardnessError(
        f"{name} must return indices from 0 to {n - 1}, got {got}; mend the function"
    )


def _plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON knows them, by the names that they are written by."""
    return {
        name.rstrip("_"): list(value) if isinstance(value, tuple) else value
        for name, value in arguments.items()
    }
