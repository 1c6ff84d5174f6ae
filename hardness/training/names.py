"""What the files in the folder of a run are called."""

from __future__ import annotations

KIND = "hardness-run"
"""What config.json says it describes."""
SCHEMA_VERSION = 1

CONFIG = "config.json"
RESULT = "result.json"
METRICS = "metrics.jsonl"
MODEL = "model"
BEST = "best"
CHECKPOINTS = "checkpoints"
DYNAMICS = "dynamics"
EVENTS = "tensorboard"
