"""What a training must have installed."""

from __future__ import annotations

from typing import Any

import pytest

from hardness.training.packages import packages

ALWAYS = ("torch", "transformers", "tokenizers", "safetensors")


@pytest.mark.parametrize(
    ("options", "further"),
    [
        ({}, ()),
        ({"lora": None, "tensorboard": False}, ()),
        ({"lora": 4}, ("peft",)),
        ({"lora": 4, "tensorboard": True}, ("peft", "tensorboard")),
    ],
    ids=["none", "off", "lora", "both"],
)
def test_options_tell_the_packages(options: dict[str, Any], further: tuple[str, ...]) -> None:
    assert packages(options) == (*ALWAYS, *further)
