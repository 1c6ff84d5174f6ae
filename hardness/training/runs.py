"""What the runs in a folder were and how they ended; needs no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardness.errors import HardnessError
from hardness.io.atomic import read_json
from hardness.training import names


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """One run."""

    path: Path
    """Its folder."""
    task: str
    model: str
    order: str | None
    """Order of the shards it was trained on, None where they are gone."""
    weighting: str
    seed: int
    step: int
    """Steps that metrics.jsonl tells of."""
    total_steps: int
    finished: bool
    loss_nats: float | None
    """Last logged training loss."""
    evaluation: Mapping[str, Any] | None
    """Last evaluation."""
    best: Mapping[str, Any] | None
    """Evaluation with the least loss; None before the end of the run."""


def list_runs(folder: str | Path) -> list[RunSummary]:
    """The runs in `folder`, itself included, by path.

    Raises:
        HardnessError: it holds none.
    """
    folder = Path(folder)
    found = []
    for path in sorted(folder.rglob(names.CONFIG)):
        config = _config(path)
        if config is not None:
            found.append(_summary(path.parent, config))
    if not found:
        raise HardnessError(
            f"folder must hold runs of `hardness train`, got {str(folder)!r} without any; "
            "give the folder that the -o of the runs lies in"
        )
    return found


def _config(path: Path) -> dict[str, Any] | None:
    try:
        config = read_json(path)
    except HardnessError:
        return None  # some other program's
    return config if isinstance(config, dict) and config.get("kind") == names.KIND else None


def _summary(folder: Path, config: Mapping[str, Any]) -> RunSummary:
    lines = read_metrics(folder)
    trained = [line for line in lines if line["event"] == "train"]
    evaluated = [line for line in lines if line["event"] == "eval"]
    result = folder / names.RESULT
    options, resolved = config["options"], config["resolved"]
    return RunSummary(
        path=folder,
        task=resolved["task"],
        model=options["model"],
        order=config["data"].get("order"),
        weighting=options["weighting"],
        seed=options["seed"],
        step=trained[-1]["step"] if trained else 0,
        total_steps=resolved["total_steps"],
        finished=result.exists(),
        loss_nats=trained[-1]["loss_nats"] if trained else None,
        evaluation=evaluated[-1] if evaluated else None,
        best=read_json(result)["best"] if result.exists() else None,
    )


def last_checkpoint(folder: str | Path) -> int | None:
    """Steps of the newest checkpoint of the run in `folder`, None where it has none."""
    found = (Path(folder) / names.CHECKPOINTS).glob("step-*")
    return max((int(path.name.rpartition("-")[2]) for path in found), default=None)


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of a run's metrics.jsonl, which may still be growing."""
    path = folder / names.METRICS
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
