"""Proxies: models that cartography trains by itself, so that there are dynamics to reduce."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hardness.errors import HardnessError
from hardness.io.dataset import Dataset
from hardness.io.records import Columns
from hardness.metrics.cartography import CartographyConfig
from hardness.stages.proxy_linear import linear_bytes, record_linear
from hardness.stages.run import Run

LINEAR = "linear"
FOLDS = 5
"""Held out in turn where nobody says: four fifths of the data are nearly as good as all."""
LINEAR_EPOCHS = 5


def proxy_parameters(config: CartographyConfig, columns: Columns) -> dict[str, Any]:
    """All that decides what a proxy observes, but for the data.

    Raises:
        HardnessError: the records have no label, or there is no such proxy.
    """
    if columns.label is None:
        raise HardnessError(
            "label must be named for a proxy, which learns to predict it, got none; add --label"
        )
    if config.proxy != LINEAR:
        raise HardnessError(
            f"proxy must be linear, tiny or a folder with a Hugging Face model, got "
            f"{config.proxy!r}; linear takes seconds"
        )
    folds = FOLDS if config.folds is None else config.folds
    return {
        "proxy": config.proxy,
        "proxy_epochs": config.proxy_epochs or LINEAR_EPOCHS,
        "label": columns.label,
        # A group shares its fold, so it matters only where there are several.
        "group": columns.group if folds > 1 else None,
        "folds": folds,
        "seed": config.seed or 0,
    }


def proxy_bytes(config: CartographyConfig, dataset: Dataset) -> tuple[int, int]:
    """About how much a proxy needs in memory, and how much it leaves in files at most."""
    return linear_bytes(dataset, config.proxy_epochs or LINEAR_EPOCHS)


def record(task: Run, config: CartographyConfig) -> Path:
    """Train the proxy and record what it makes of every record.

    Returns:
        A folder of dynamics, see `hardness.io.dynamics`; it goes with the run's store.

    Raises:
        HardnessError: there is no such proxy, or the data do not suit it.
    """
    decided = proxy_parameters(config, task.dataset.columns)
    return record_linear(
        task,
        folds=decided["folds"],
        epochs=decided["proxy_epochs"],
        seed=decided["seed"],
    )
