"""What metrics are called, and what is told of their parameters."""

from __future__ import annotations

from typing import Any

import pytest

from hardness.metrics.heading import made_with

ONE, OTHER = "27819b06f0f04a7f9f0b1f0c8f1c3a5d", "3c0aa1b2f0f04a7f9f0b1f0c8f1c3a5d"


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, ""),
        ({"order": 3, "group": None, "columns": []}, "order 3"),
        ({"holdout": "record", "seed": 0}, "holdout record, seed 0"),
        ({"order": 3, "reference": [ONE]}, "order 3, reference 27819b06"),
        ({"reference": [ONE, OTHER]}, "reference 27819b06 3c0aa1b2"),
        ({"reference": [ONE, OTHER] * 3}, "reference 27819b06 3c0aa1b2 27819b06 and 3 more"),
        ({"tokenizer": f"hf:{ONE}", "model": OTHER}, "tokenizer hf:27819b06, model 3c0aa1b2"),
        ({"prune": [0, 0, 1, 1], "prompt": ["a", "b"]}, "prune 0 0 1 1, prompt a b"),
        ({"expr": "2 * lm", "lm": ONE}, "expr 2 * lm"),
        ({"model": "s3:x", "skip_symbols": False}, "model s3:x, skip_symbols False"),
    ],
)
def test_files_are_told_by_the_first_digits_of_their_digests(
    parameters: dict[str, Any], told: str
) -> None:
    assert made_with(parameters) == told
