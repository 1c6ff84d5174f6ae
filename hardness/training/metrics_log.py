"""`metrics.jsonl`: one line for each logged step and each evaluation."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from hardness.errors import mended_by_the_user
from hardness.io.atomic import atomic_path


class MetricsLog:
    """Appends lines of metrics; each is on disk before the next is made.

    A number that is not finite is written as null, since JSON has none.

    Args:
        path: of metrics.jsonl; None writes nothing, as ranks other than the first do.
        step: steps already taken; lines of later ones, which will be taken again, are dropped.
        tensorboard: folder of TensorBoard events to write too, or None.
    """

    def __init__(
        self, path: Path | None, *, step: int = 0, tensorboard: Path | None = None
    ) -> None:
        self._file = None
        self._events = None
        if path is None:
            return
        kept = _lines_until(path, step)
        with atomic_path(path) as temporary:
            temporary.write_text("".join(kept), encoding="utf-8")
        self._file = path.open("a", encoding="utf-8")
        if tensorboard is not None:
            self._events = _event_writer(tensorboard, step)

    def write(self, metrics: Mapping[str, Any]) -> None:
        """Append one line."""
        if self._file is None:
            return
        finite = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in metrics.items()
        }
        with mended_by_the_user(self._file.name):
            self._file.write(json.dumps(finite, allow_nan=False) + "\n")
            self._file.flush()
        if self._events is not None:
            for key, value in finite.items():
                if isinstance(value, int | float):
                    self._events.add_scalar(f"{metrics['event']}/{key}", value, metrics["step"])

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        if self._events is not None:
            self._events.close()


def _lines_until(path: Path, step: int) -> list[str]:
    """The whole lines of steps up to `step`; a line that was cut off is no line."""
    if not path.exists() or not step:
        return []
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n") and json.loads(line)["step"] <= step:
            kept.append(line)
    return kept


def _event_writer(folder: Path, step: int) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)
