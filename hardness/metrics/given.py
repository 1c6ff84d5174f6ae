"""What metrics of given numbers share: which end is harder, and what the metric is called."""

from __future__ import annotations

import re

from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.metrics.base import metrics

_ENDS: dict[str, Direction] = {"harder": "higher", "easier": "lower"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:+-]*")


def harder_end(higher: str) -> Direction:
    """Which end of the numbers is harder, when higher numbers are `harder` or `easier` records.

    Raises:
        HardnessError: it is neither.
    """
    if higher not in _ENDS:
        raise HardnessError(
            f"higher must be harder or easier, got {higher!r}; say what a higher number means, "
            "for example with --higher harder"
        )
    return _ENDS[higher]


def check_name(name: str, own: str) -> str:
    """The name that a metric is to have in a table.

    Args:
        name: as asked for.
        own: the metric's name where none is asked for.

    Raises:
        HardnessError: it cannot be a folder's or a column's, or is another metric's.
    """
    if not _NAME.fullmatch(name):
        raise HardnessError(
            f"metric name must be letters, digits and _ : + -, got {name!r}; give another with "
            "--name"
        )
    if name != own and name in metrics.names():
        raise HardnessError(
            f"name must not be that of a metric, got {name!r}; scores of {name!r} would pass for "
            "what they are not, so give another"
        )
    return name
