"""The optional packages that a training needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def packages(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Modules that must be there, in the order in which to name a missing one.

    Args:
        options: fields of `hardness.training.config.TrainConfig`.
    """
    found = ["torch", "transformers", "tokenizers", "safetensors"]
    if options.get("lora") is not None:
        found.append("peft")
    if options.get("tensorboard"):
        found.append("tensorboard")
    return tuple(found)
