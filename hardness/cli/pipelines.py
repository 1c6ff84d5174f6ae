"""`hardness pipelines`: the ready-made pipelines."""

from __future__ import annotations

from hardness.cli.shipped import shelf_commands
from hardness.io.shipped import PIPELINES

pipelines = shelf_commands("pipeline", lambda name: ["hardness", "run", name], PIPELINES)
