"""What the training of an arm would refuse that its options alone do not tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from importlib.util import find_spec
from typing import TYPE_CHECKING

from hardness.errors import HardnessError
from hardness.io.records import Columns
from hardness.training.checks import message_of
from hardness.training.config import EPOCHS, TrainConfig

if TYPE_CHECKING:
    from hardness.experiments.experiment import Arm

_KNOWN = frozenset(field.name for field in fields(TrainConfig))


def training_problems(arm: Arm, columns: Columns | None) -> dict[str, str]:
    """What is wrong with an arm's training, by option.

    Args:
        arm: how it trains.
        columns: of the training records; None where they could not be read.
    """
    options = {name: value for name, value in arm.train.items() if name in _KNOWN}
    try:
        config = TrainConfig(shards="shards", output="run", **options)
    except HardnessError:
        return {}  # told with the options
    found = {}
    if config.record_dynamics == "during" and (config.epochs or EPOCHS) > 1:
        found["record_dynamics"] = (
            "record_dynamics must be 'after' for shards that hold all epochs, as those of a "
            "comparison do, got 'during', which needs each record once; use after, or one epoch"
        )
    # Where runs are made elsewhere, this machine need not have what trains.
    if find_spec("torch") is None or find_spec("transformers") is None:
        return found
    checks: dict[str, Callable[[], None]] = {}
    if config.max_length is not None and not config.is_tiny:
        checks["max_length"] = lambda: _check_length(config)
    # Adapters change the names of parameters; they are known once they are added.
    if config.trainable is not None and config.lora is None and columns is not None:
        checks["trainable"] = lambda: _check_trainable(config, arm.task(columns.label))
    told = {name: message_of(check) for name, check in checks.items()}
    return found | {name: message for name, message in told.items() if message is not None}


def _check_length(config: TrainConfig) -> None:
    from hardness.training.models import longest_input

    longest_input(config)


def _check_trainable(config: TrainConfig, task: str) -> None:
    from hardness.training.models import parameter_names
    from hardness.training.wrap import found_by

    found_by(str(config.trainable), parameter_names(config, task))
