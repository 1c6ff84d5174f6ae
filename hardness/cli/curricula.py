"""`hardness curricula`: the ready-made curricula."""

from __future__ import annotations

from hardness.cli.shipped import shelf_commands
from hardness.io.shipped import CURRICULA

curricula = shelf_commands(
    "curriculum",
    lambda name: ["hardness", "build", "data.hardness", "--curriculum", name],
    CURRICULA,
)
