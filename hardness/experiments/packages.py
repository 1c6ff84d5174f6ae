"""The optional packages that a comparison needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hardness.training import packages as training


def packages(trainings: Iterable[Mapping[str, Any]], scheduler: str | None) -> list[str]:
    """Modules that must be on this machine, those of the statistics at the end first.

    Args:
        trainings: options of `hardness.train`, of each arm.
        scheduler: where the runs are made; of a running one, the workers need what trains.
    """
    found = ["scipy"]
    if scheduler is None:
        for options in ({}, *trainings):
            found += training.packages(options)
    return list(dict.fromkeys(found))
