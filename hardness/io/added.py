"""The columns that shards have beside those of the data, whose names the data must leave free."""

from __future__ import annotations

import logging
from collections.abc import Collection

ROW = "row"
HARDNESS = "hardness"
POSITION = "position"
WEIGHT = "weight"
"""Under a weighting alone."""

_log = logging.getLogger(__name__)


def warn_of_collisions(names: Collection[str]) -> None:
    """Say of the data's columns which ones `build` will refuse, before work is spent on them."""
    taken = [name for name in (ROW, HARDNESS, POSITION, WEIGHT) if name in names]
    if taken:
        _log.warning(
            "columns must leave the names row, hardness and position, and weight under a "
            "weighting, to shards, got %s; rename them in the data now, as `build` will refuse "
            "them",
            ", ".join(taken),
        )
