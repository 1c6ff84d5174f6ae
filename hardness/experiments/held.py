"""What the hardness table of an experiment will hold, and what of a curriculum does not fit it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hardness.curriculum.admission import parse_admission
from hardness.curriculum.grammar import resolve
from hardness.curriculum.selections import selections
from hardness.curriculum.selections.region import column_of, region
from hardness.curriculum.several import undirected
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.expression import parse
from hardness.io.unscored import unscored
from hardness.training.checks import message_of

_NO_NUMBERS = ("string",)


@dataclass(frozen=True, kw_only=True)
class HeldMetric:
    """A metric that the table will hold.

    Attributes:
        columns: its columns, the primary one first.
        directions: which way is harder, of those of them that say so.
        texts: those that hold no numbers, where that is known.
    """

    columns: tuple[str, ...]
    directions: Mapping[str, Direction]
    texts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, columns: Iterable[Any]) -> HeldMetric:
        """What a metric's `hardness.metrics.Column`s say."""
        columns = tuple(columns)
        return cls(
            columns=tuple(column.name for column in columns),
            directions={c.name: c.harder for c in columns if c.harder is not None},
            texts=frozenset(c.name for c in columns if c.type in _NO_NUMBERS),
        )


@dataclass(kw_only=True)
class Held:
    """The metrics that the table of an experiment will hold.

    Attributes:
        place: what messages call the table.
        metrics: by name.
        open: there may be metrics of other names.
    """

    place: str
    metrics: dict[str, HeldMetric] = field(default_factory=dict)
    open: bool = False

    def problems(self, options: Mapping[str, Any]) -> dict[str, str]:
        """What of `by`, `admit` and `select` does not fit, by option.

        Args:
            options: of a build, those of its curriculum included. What is wrong with them whatever
                the table holds is told elsewhere.
        """
        admitted = options.get("by") is None and options.get("admit") is not None
        checks: dict[str, Callable[[], None]] = {}
        if not admitted:
            checks["by"] = lambda: self._check_by(options.get("by"))
        if options.get("admit") is not None:
            checks["admit"] = lambda: self._check_scores(_admitted(str(options["admit"])))
        if options.get("select") is not None:
            checks["select"] = lambda: self._check_scores(_selected(str(options["select"])))
        told = {name: message_of(check) for name, check in checks.items()}
        return {name: message for name, message in told.items() if message is not None}

    def _check_by(self, by: Any) -> None:
        name, _, column = str(by).partition(".")
        metric = self.metrics.get(name)
        if by is None:
            self._check_scores([self._only()] if not self.open else [])
        elif metric is not None and column in ("", *metric.columns):
            self._check_scores([str(by)])
        else:
            expression = parse(str(by), sorted(self.metrics), option="by")
            if isinstance(expression.tree, ast.Name):
                self._check_scores(expression.references)
                return
            found = {name: self._find(name) for name in expression.references}
            if None in found.values():
                return  # nobody can tell of all of its columns
            ways: dict[str, Direction | None] = {
                name: of[0].directions.get(of[1]) for name, of in found.items() if of is not None
            }
            if expression.direction(ways) is None:
                raise undirected(expression)

    def _only(self) -> str:
        names = sorted(self.metrics)
        if len(names) == 1:
            return names[0]
        raise HardnessError(
            f"by must be one of {', '.join(names)} when a table has several metrics, got none; "
            f"add it, for example by: {names[0]}"
            if names
            else f"{self.place} must hold a finished metric, got none; add `score: [perplexity]`"
        )

    def _check_scores(self, references: Iterable[str]) -> None:
        """Refuse columns that are not there, or that say nothing of hardness."""
        for reference in references:
            found = self._find(reference)
            if found is None:
                continue
            metric, column = found
            if column not in metric.directions:
                raise HardnessError(
                    f"column must be a score of {reference.partition('.')[0]}: "
                    f"{', '.join(metric.directions)}, got {column!r}, which has no direction; "
                    "choose one of those"
                )

    def _find(self, reference: str) -> tuple[HeldMetric, str] | None:
        """The metric and its column that `metric` or `metric.column` names; None if nobody knows.

        Raises:
            HardnessError: there will be none, or it holds no numbers.
        """
        name, dot, rest = reference.partition(".")
        if name not in self.metrics:
            if self.open:
                return None
            raise unscored(name, sorted(self.metrics), self.place)
        metric = self.metrics[name]
        column = rest if dot else metric.columns[0]
        if column not in metric.columns:
            raise HardnessError(
                f"column must be one of {', '.join(f'{name}.{known}' for known in metric.columns)},"
                f" got {reference!r}; choose one of those"
            )
        if column in metric.texts:
            raise HardnessError(
                f"{reference} must be a column of numbers, got text; choose another"
            )
        return metric, column


def _admitted(admit: str) -> Iterator[str]:
    try:
        yield from (item.column for item in parse_admission(admit))
    except HardnessError:
        return  # told with the options of the curriculum


def _selected(select: str) -> Iterator[str]:
    """The columns that a selection of ours reads; what others read is not known."""
    try:
        chosen = resolve(select, selections)
    except HardnessError:
        return
    if chosen.function is region:
        yield column_of(chosen.arguments["name"], chosen.arguments["metric"])
