"""Admission by several metrics, each with a difficulty schedule of its own.

`perplexity:linear,from=0.2 ; surface.tokens:root,from=64,to=2048,by=value`: a record is admitted
from when each of the metrics admits it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from hardness.curriculum.grammar import Bounds, Component, checked_by, resolve
from hardness.curriculum.orders.base import Share
from hardness.curriculum.pacing import Pace, discrete_pace, draw_admitted, root_pace
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.registry import Registry
from hardness.sort import stable_argsort

BETWEEN = ";"
"""Between the metrics."""

By = Literal["percentile", "value"]

paces: Registry[Callable[..., np.ndarray]] = Registry("schedule")
"""Schedules by name: `f(scores, direction, **parameters)`, (n,) f64 raw scores and the way that is
harder in, (n,) f64 out: the progress in [0, 1] at which each record is admitted, or
`pacing.NEVER`. Third parties add one by an entry point in the group `hardness.schedule`."""


@dataclass(frozen=True, kw_only=True)
class Admission:
    """One metric's part of an admission."""

    column: str
    """`metric` or `metric.column`."""
    schedule: Component[Callable[..., np.ndarray]]

    def __str__(self) -> str:
        name, _, rest = str(self.schedule).partition(":")
        return f"{self.column}:{name}{',' if rest else ''}{rest}"


def parse_admission(text: str) -> tuple[Admission, ...]:
    """The admissions that `COLUMN:SCHEDULE,key=value;…` stands for.

    Raises:
        HardnessError: what is wrong with every one of them.
    """
    found: list[Admission] = []
    problems: list[str] = []
    for part in text.split(BETWEEN):
        column, colon, schedule = (word.strip() for word in part.strip().partition(":"))
        if not column or not colon:
            problems.append(
                f"admit must be COLUMN:SCHEDULE with {BETWEEN} between several, got "
                f"{part.strip()!r}; write for example perplexity:linear,from=0.2"
            )
            continue
        name, _, rest = schedule.partition(",")
        try:
            found.append(
                Admission(
                    column=column, schedule=resolve(f"{name}:{rest}" if rest else name, paces)
                )
            )
        except HardnessError as error:
            problems.append(f"{error} (of {column})")
    twice = {item.column for item in found if sum(item.column == x.column for x in found) > 1}
    problems += [
        f"admit must name each column once, got {column!r} twice; keep one of them"
        for column in sorted(twice)
    ]
    if problems:
        raise HardnessError("; and ".join(problems))
    return tuple(found)


def admit(
    admissions: Sequence[Admission],
    scores: Sequence[np.ndarray],
    directions: Sequence[Direction],
    positions: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """The sequence of records when position p draws from those that every metric admits by then.

    Args:
        admissions: the a metrics' schedules.
        scores: a arrays of (n,) f64, raw.
        directions: a of them, which way is harder.
        positions: how many to draw.
        rng: of the draws, see `pacing.draw_admitted`.

    Returns:
        (positions,) int in [0, n).

    Raises:
        HardnessError: no record is admitted at the start.

    Source: DeepSpeed's data efficiency library (Li et al. 2022), which intersects the samples
    that its metrics admit.
    """
    each = [
        item.schedule(values, direction)
        for item, values, direction in zip(admissions, scores, directions, strict=True)
    ]
    times = np.maximum.reduce(each)
    if len(times) and times.min() > 0:
        alone = ", ".join(
            f"{np.count_nonzero(one == 0):,} by {item.column}"
            for item, one in zip(admissions, each, strict=True)
        )
        raise HardnessError(
            f"admit must admit a record at the start, got none by all metrics together ({alone}); "
            "begin with more"
        )
    return draw_admitted(times, positions, rng)


def _check_root(
    *,
    from_: float,
    to: float,
    until: float,
    step: float | None,
    by: By,
    p: float = 1.0,
) -> None:
    # Which of two scores is the easier one is known with the metric.
    start, end = _oriented((from_, to), "higher" if from_ <= to else "lower", by)
    root_pace(start=start, end=end, step=step, p=p, until=until)


def _check_discrete(*, levels: tuple[float, ...], until: tuple[float, ...], by: By) -> None:
    oriented = _oriented(levels, "higher" if levels[0] <= levels[-1] else "lower", by)
    discrete_pace(levels=oriented, until=until)


@checked_by(_check_root)
def linear(
    scores: np.ndarray,
    direction: Direction,
    *,
    from_: float = 0.1,
    to: float = 1.0,
    until: Share = 1.0,
    step: Annotated[float, Bounds(0, above=True)] | None = None,
    by: By = "percentile",
) -> np.ndarray:
    """The difficulty grows from `from` to `to` in proportion to the progress: `root` with p = 1."""
    return root(scores, direction, from_=from_, to=to, until=until, step=step, p=1.0, by=by)


@checked_by(_check_root)
def root(
    scores: np.ndarray,
    direction: Direction,
    *,
    from_: float = 0.1,
    to: float = 1.0,
    until: Share = 1.0,
    step: Annotated[float, Bounds(0, above=True)] | None = None,
    p: Annotated[float, Bounds(0, 100, above=True)] = 2.0,
    by: By = "percentile",
) -> np.ndarray:
    """The difficulty is (t / until)^(1/p) (to - from) + from at progress t, then `to`.

    Args:
        scores: (n,) f64, raw.
        direction: which way is harder.
        from_, to: first and last difficulty: shares in [0, 1] of the records from the easiest on,
            or with `by=value` scores, the easier one first.
        until: progress at which `to` is reached, in (0, 1].
        step: what difficulties are multiples of; a hundredth of the way if None.
        p: degree of the root, above 0.
        by: `percentile` or `value`.

    Returns:
        (n,) f64, the progress at which each record is admitted.

    Source: see `pacing.root_pace`.
    """
    start, end = _oriented((from_, to), direction, by)
    pace = root_pace(start=start, end=end, step=step, p=p, until=until)
    return _times(pace, scores, direction, by)


@checked_by(_check_discrete)
def discrete(
    scores: np.ndarray,
    direction: Direction,
    *,
    levels: tuple[float, ...],
    until: tuple[Share, ...],
    by: By = "percentile",
) -> np.ndarray:
    """The difficulty is levels[i] up to the progress until[i], the last level after that.

    Args:
        scores: (n,) f64, raw.
        direction: which way is harder.
        levels: m difficulties as in `root`, from easy to hard.
        until: m - 1 progresses in (0, 1], increasing.
        by: as in `root`.

    Returns:
        (n,) f64, the progress at which each record is admitted.

    Source: see `pacing.discrete_pace`.
    """
    oriented = _oriented(levels, direction, by)
    return _times(discrete_pace(levels=oriented, until=until), scores, direction, by)


def _oriented(levels: tuple[float, ...], direction: Direction, by: By) -> tuple[float, ...]:
    if by == "value":
        return levels if direction == "higher" else tuple(-level for level in levels)
    outside = [level for level in levels if not 0 <= level <= 1]
    if outside:
        raise HardnessError(
            f"difficulty must be within [0, 1] for by=percentile, got {outside[0]:g}; "
            "use by=value for scores"
        )
    return levels


def _times(pace: Pace, scores: np.ndarray, direction: Direction, by: By) -> np.ndarray:
    harder = scores if direction == "higher" else -scores
    return (
        pace.by_value(harder)
        if by == "value"
        else pace.by_percentile(harder, stable_argsort(harder))
    )


def _register(*functions: Any) -> None:
    for function in functions:
        paces.add(function.__name__, function)


_register(linear, root, discrete)
