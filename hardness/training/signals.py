"""Being asked to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODE = 128 + signal.SIGTERM


class Stopped(SystemExit):
    """The run was asked to stop, and did after saving a checkpoint: exit code 143."""

    def __init__(self) -> None:
        super().__init__(EXIT_CODE)


class StopRequest:
    """Whether SIGTERM has come since the block of `listening` was entered."""

    def __init__(self) -> None:
        self.made = False


@contextmanager
def listening(also: Callable[[], None] | None = None) -> Iterator[StopRequest]:
    """Note SIGTERM inside the block instead of dying of it, and call `also` when it comes.

    Outside the main thread, where Python takes no signals, nothing is noted.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, frame: FrameType | None) -> None:
        request.made = True
        if also is not None:
            also()

    before = signal.signal(signal.SIGTERM, note)
    try:
        yield request
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes started in the block ignore Ctrl-C, which a terminal sends to them too.

    Who started them ends them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
