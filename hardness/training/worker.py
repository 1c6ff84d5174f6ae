"""One process of a run that `launch` started."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hardness.errors import HardnessError, OutputExistsError
from hardness.training.listener import Listener, StepReport
from hardness.training.run import train


class Sender(Listener):
    """Sends every event down a pipe, one JSON line each."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "w", encoding="utf-8")

    def send(self, kind: str, value: Any) -> None:
        """Send one event."""
        self._pipe.write(json.dumps([kind, value]) + "\n")
        self._pipe.flush()

    def note(self, text: str) -> None:
        """Pass on what was detected."""
        self.send("note", text)

    def step(self, report: StepReport) -> None:
        """Pass on a step."""
        self.send("step", asdict(report))

    def evaluated(self, metrics: Mapping[str, Any]) -> None:
        """Pass on an evaluation."""
        self.send("evaluated", dict(metrics))


def main() -> int:
    """Train as the document on standard input says; returns the exit code."""
    told = json.load(sys.stdin)
    sender = None if told["events"] is None else Sender(told["events"])
    try:
        result = train(**told["options"], listener=sender)
    except HardnessError as error:
        if sender is not None:
            sender.send("exists" if isinstance(error, OutputExistsError) else "mistake", str(error))
        return 2
    if sender is not None:
        found = {"steps": result.steps, "evaluation": result.evaluation, "best": result.best}
        sender.send("result", {"found": found, "cached": result.cached})
    return 0


if __name__ == "__main__":
    sys.exit(main())
