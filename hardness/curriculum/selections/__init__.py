"""Selections: pure functions from hardness to the records that are kept."""

from __future__ import annotations

from hardness.curriculum.selections.base import Context, Selection, selections
from hardness.curriculum.selections.chance import gumbel, random
from hardness.curriculum.selections.coverage import coverage
from hardness.curriculum.selections.quantiles import between, easiest, hardest
from hardness.curriculum.selections.region import region

__all__ = ["Context", "Selection", "selections"]

for _function in (easiest, hardest, between, region, coverage, gumbel, random):
    selections.add(_function.__name__, _function)
