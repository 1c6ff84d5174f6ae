"""How long work reports what it is doing."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the course of a run; the command line draws it."""

    def start(self, stage: str, total: int, unit: str) -> None:
        """A stage begins that will advance by `total` in all, counted in `unit`."""
        ...

    def advance(self, amount: int) -> None:
        """That much more of the current stage is done. Called from any thread."""
        ...


class Silent:
    """Reports nothing."""

    def start(self, stage: str, total: int, unit: str) -> None:
        pass

    def advance(self, amount: int) -> None:
        pass
