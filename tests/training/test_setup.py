"""What a run decides before its first step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from hardness.curriculum.manifest import read_manifest, write_manifest
from hardness.training.config import TrainConfig
from hardness.training.listener import Listener
from hardness.training.parallel import World
from hardness.training.setup import prepare
from tests.training.conftest import MakeShards, pairs

WORLD = World(device=torch.device("cpu"))


class Notes(Listener):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


ONCE = {"records": 8, "never": 0, "most": 1, "times": {"1": 8}}
REPEATED = {"records": 4, "never": 4, "most": 2, "times": {"2": 4}}


@pytest.mark.parametrize(
    ("says", "given", "epochs", "note"),
    [
        ({"epochs": 1, "occurrences": ONCE}, None, 3, None),
        ({"epochs": 4, "occurrences": ONCE}, None, 1, "epochs: 1, as the shards hold 4 epochs"),
        (
            {"epochs": 1, "occurrences": REPEATED},
            None,
            1,
            "epochs: 1, as the shards hold a schedule that repeats records",
        ),
        ({"epochs": 4, "occurrences": REPEATED}, 2, 2, None),
    ],
    ids=["plain", "epochs", "repeats", "given"],
)
def test_shards_that_hold_a_whole_training_are_gone_through_once(
    make_shards: MakeShards, says: dict[str, Any], given: int | None, epochs: int, note: str | None
) -> None:
    path = make_shards(pairs(8))
    write_manifest(path, replace(read_manifest(path), **says))
    notes = Notes()
    setup = prepare(TrainConfig(shards=path, output="unused", epochs=given), notes, WORLD)
    assert setup.plan.epochs == epochs
    assert [said for said in notes.said if said.startswith("epochs")] == ([note] if note else [])
