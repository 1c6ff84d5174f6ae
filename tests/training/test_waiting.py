"""Torch's threads sleep while they wait, wherever that can still be decided."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        ("", {}, "passive"),
        ("", {"OMP_WAIT_POLICY": "active"}, "active"),
        ("import torch", {}, None),
    ],
    ids=["unset", "set by the user", "too late"],
)
def test_policy_is_set_before_torch_is_loaded_or_left_alone(
    before: str, given: dict[str, str], after: str | None
) -> None:
    code = (
        f"{before}\nimport os, hardness; hardness.train; print(os.environ.get('OMP_WAIT_POLICY'))"
    )
    inherited = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=inherited | given,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == str(after)
