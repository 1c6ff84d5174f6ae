"""Difficulty schedules: positions draw from the records up to a difficulty that grows.

`from`, `to` and `levels` are shares of the records from the easiest on (`by=percentile`) or
hardness itself (`by=value`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from hardness.curriculum.grammar import Bounds, checked_by
from hardness.curriculum.orders.base import Share
from hardness.curriculum.orders.plain import easy_to_hard
from hardness.curriculum.pacing import Pace, discrete_pace, draw_admitted, root_pace
from hardness.errors import HardnessError

Unit = Annotated[float, Bounds(0, 1)]
By = Literal["percentile", "value"]


def _root_pace(
    *, from_: float, to: float, until: float, step: float, p: float = 1.0, **_: str
) -> Pace:
    return root_pace(start=from_, end=to, step=step, p=p, until=until)


def _discrete_pace(*, levels: tuple[float, ...], until: tuple[float, ...], **_: str) -> Pace:
    return discrete_pace(levels=levels, until=until)


@checked_by(_root_pace)
def linear(
    hardness: np.ndarray,
    rng: np.random.Generator,
    *,
    epochs: int,
    from_: Unit = 0.1,
    to: Unit = 1.0,
    until: Share = 1.0,
    step: Share = 0.01,
    by: By = "percentile",
) -> np.ndarray:
    """The difficulty grows from `from` to `to` in proportion to the progress: `root` with p = 1."""
    return root(
        hardness, rng, epochs=epochs, from_=from_, to=to, until=until, step=step, p=1.0, by=by
    )


@checked_by(_root_pace)
def root(
    hardness: np.ndarray,
    rng: np.random.Generator,
    *,
    epochs: int,
    from_: Unit = 0.1,
    to: Unit = 1.0,
    until: Share = 1.0,
    step: Share = 0.01,
    p: Annotated[float, Bounds(0, 100, above=True)] = 2.0,
    by: By = "percentile",
) -> np.ndarray:
    """The difficulty is (t / until)^(1/p) (to - from) + from, t being position / positions.

    Positions draw from what is admitted as `pacing.draw_admitted` says.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: of the draws.
        epochs: E, so that E · n are drawn.
        from_, to: first and last difficulty, in [0, 1].
        until: progress at which `to` is reached, in (0, 1].
        step: what difficulties are multiples of, in (0, 1].
        p: degree of the root, above 0.
        by: `percentile` admits the easiest max(1, ⌊difficulty · n⌋), `value` those whose hardness
            is at most the difficulty.

    Returns:
        (E · n,) int, the index of the record at each position; records may occur several times or
        not at all.

    Raises:
        HardnessError: `from` above `to`, or no record admitted at the start.

    Source: see `pacing.root_pace`.
    """
    pace = _root_pace(from_=from_, to=to, until=until, step=step, p=p)
    return _paced(hardness, rng, pace, epochs=epochs, by=by)


@checked_by(_discrete_pace)
def discrete(
    hardness: np.ndarray,
    rng: np.random.Generator,
    *,
    epochs: int,
    levels: tuple[Unit, ...],
    until: tuple[Annotated[float, Bounds(0, 1, above=True)], ...],
    by: By = "percentile",
) -> np.ndarray:
    """The difficulty is levels[i] up to the progress until[i], the last level after that.

    Args:
        hardness: (n,) f64 in [0, 1].
        rng: of the draws, as `pacing.draw_admitted` says.
        epochs: E, so that E · n are drawn.
        levels: m difficulties in [0, 1], increasing.
        until: m - 1 progresses in (0, 1], increasing.
        by: as in `root`.

    Returns:
        (E · n,) int, the index of the record at each position; records may occur several times or
        not at all.

    Raises:
        HardnessError: see `pacing.discrete_pace`; or no record admitted at the start.

    Source: see `pacing.discrete_pace`.
    """
    return _paced(hardness, rng, _discrete_pace(levels=levels, until=until), epochs=epochs, by=by)


def _paced(
    hardness: np.ndarray, rng: np.random.Generator, pace: Pace, *, epochs: int, by: By
) -> np.ndarray:
    n = len(hardness)
    if by == "value":
        times = pace.by_value(hardness)
    else:
        times = pace.by_percentile(hardness, easy_to_hard(hardness))
    if n and times.min() > 0:
        raise HardnessError(
            f"from must admit a record at the start, got a difficulty of {pace.levels[0]:g} and "
            f"hardness from {hardness.min():g} on; raise it, or use by=percentile"
        )
    return draw_admitted(times, epochs * n, rng)
