"""What to say of a metric that a table does not hold."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from hardness.errors import HardnessError
from hardness.io.storage import Location
from hardness.registry import registry_of


def unscored(name: str, scored: Sequence[str], table: Location | str) -> HardnessError:
    """Whether to score it first, or which metric was meant.

    Args:
        name: of a metric that the table lacks.
        scored: those that it holds.
        table: its folder.
    """
    known = registry_of("metric")
    near = next(iter(difflib.get_close_matches(name.lower(), scored, n=1)), None)
    other = known.nearest(name)
    if known.has(name):
        fix = f"score it first with --metric {name}"
    elif near is not None:
        fix = f"did you mean {near!r}?"
    elif other is not None:
        fix = f"did you mean {other!r}, which is not scored yet?"
    else:
        fix = "there is no metric of this name; `hardness metrics` lists those that can be scored"
    there = ", ".join(scored) or "none yet"
    return HardnessError(f"metric must be one of {there} in {table}, got {name!r}; {fix}")
