"""Proxies: models that cartography trains by itself, so that there are dynamics to reduce."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from hardness.errors import HardnessError, UnlabelledError
from hardness.io.dataset import Dataset
from hardness.io.records import Columns
from hardness.metrics.cartography import CartographyConfig
from hardness.stages.run import Run

LINEAR, TINY = "linear", "tiny"
FOLDS = 5
"""Held out in turn where nobody says: four fifths of the data are nearly as good as all."""
LINEAR_EPOCHS, MODEL_EPOCHS = 5, 3


def proxy_parameters(config: CartographyConfig, columns: Columns) -> dict[str, Any]:
    """All that decides what a proxy observes, but for the data.

    Raises:
        HardnessError: the records have no label, or there is no such proxy.
    """
    if columns.label is None:
        raise UnlabelledError(
            "label must be named for a proxy, which learns to predict it, got none; add --label"
        )
    proxy = str(config.proxy)
    if proxy not in (LINEAR, TINY) and not (Path(proxy) / "config.json").is_file():
        raise HardnessError(
            f"proxy must be linear, tiny or a folder with a Hugging Face model, got "
            f"{proxy!r}; linear takes seconds"
        )
    folds = FOLDS if config.folds is None else config.folds
    decided = {
        "proxy": proxy,
        "proxy_epochs": _epochs(config),
        "label": columns.label,
        # A group shares its fold, so it matters only where there are several.
        "group": columns.group if folds > 1 else None,
        "folds": folds,
        "seed": config.seed or 0,
    }
    return decided if proxy == LINEAR else decided | _recorder(config).parameters(proxy)


def proxy_bytes(config: CartographyConfig, dataset: Dataset) -> tuple[int, int]:
    """About how much a proxy needs in memory, and how much it leaves in files at most.

    The first is more than there ever is: files it must be, so that a fold that is finished need
    not be trained again.
    """
    on_disk: int = _recorder(config).stored_bytes(dataset, str(config.proxy), _epochs(config))
    return 1 << 62, on_disk


def record(task: Run, config: CartographyConfig) -> tuple[Path, dict[str, int]]:
    """Train the proxy and record what it makes of every record.

    Returns:
        A folder of dynamics, see `hardness.io.dynamics`, which goes with the run's store; and how
        many records have each label.

    Raises:
        HardnessError: there is no such proxy, or the data do not suit it.
    """
    decided = proxy_parameters(config, task.dataset.columns)
    return _recorder(config).record(
        task,
        proxy=str(config.proxy),
        folds=decided["folds"],
        epochs=decided["proxy_epochs"],
        seed=decided["seed"],
    )


def _epochs(config: CartographyConfig) -> int:
    return config.proxy_epochs or (LINEAR_EPOCHS if config.proxy == LINEAR else MODEL_EPOCHS)


def _recorder(config: CartographyConfig) -> Any:
    """The module that trains the proxy, loaded only when asked for: most of them need torch."""
    linear = config.proxy == LINEAR
    return import_module("hardness.stages.proxy_linear" if linear else "hardness.inference.proxy")
