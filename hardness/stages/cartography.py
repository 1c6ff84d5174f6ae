"""Cartography as stages: find the dynamics or record them, then reduce them to a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hardness.io.dataset import Dataset
from hardness.io.records import Columns
from hardness.metrics.cartography import CartographyConfig
from hardness.stages.run import Run, Tally


def parameters(config: CartographyConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores."""
    decided: dict[str, Any] = {}
    if config.proxy is not None:
        from hardness.stages.proxy import proxy_parameters

        decided |= proxy_parameters(config, columns)
    if config.epochs is not None:
        decided["epochs"] = config.epochs
    return decided


def store_bytes(config: CartographyConfig, dataset: Dataset) -> tuple[int, int]:
    """About how much the stages need in memory, and how much they leave in files at most."""
    raise NotImplementedError


def run(task: Run, config: CartographyConfig) -> Tally:
    """Reduce dynamics to the columns of the task's metric and write the parts that are missing."""
    folder = _folder(task, config)
    raise NotImplementedError(folder)


def _folder(task: Run, config: CartographyConfig) -> Path:
    if config.dynamics is not None:
        return Path(config.dynamics)
    from hardness.stages.proxy import record

    return record(task, config)
