"""What decides the numbers of a metric that models compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hardness.inference.models import ModelSpec, check_folder, check_task
from hardness.io.records import Columns
from hardness.metrics.model_options import LanguageConfig, ModelScoreConfig
from hardness.training.config import CAUSAL_LM
from hardness.training.models import folder_digest, longest_of


def parameters(
    config: ModelScoreConfig, columns: Columns, *, task: str = CAUSAL_LM
) -> dict[str, Any]:
    """The models' contents, the greatest length, the precision and the columns that are named.

    Neither the device nor the size of a batch is among them: they change a score by rounding.

    Args:
        config: names the models.
        columns: of the data.
        task: what the models must have been trained for.

    Raises:
        HardnessError: there is no such model, it was made for another task, or it cannot take so
            long a text.
    """
    for option, path in config.models.items():
        check_folder(option, path)
    for option, path in config.models.items():
        check_task(option, path, task)
    found: dict[str, Any] = {
        option: folder_digest(Path(path)) for option, path in config.models.items()
    }
    found |= {"max_length": max_length(config), "precision": config.precision}
    if isinstance(config, LanguageConfig):
        named = {"prompt": config.prompt_columns, "response": config.response_columns}
        found |= {name: list(names) for name, names in named.items() if names is not None}
    return found


def max_length(config: ModelScoreConfig) -> int:
    """Tokens of the longest example that all models can take."""
    return min(longest_of(path, config.max_length) for path in config.models.values())


def spec(config: ModelScoreConfig, option: str, task: str) -> ModelSpec:
    """The model that an option names."""
    return ModelSpec(
        path=str(Path(config.models[option]).absolute()),
        option=option,
        task=task,
        device=config.device,
        precision=config.precision,
    )
