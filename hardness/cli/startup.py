"""Starting and ending the process without looking for garbage that is not there."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """For imports of many modules: the collector is off, as nothing that they make is garbage.

    Otherwise it goes over all of it several times, which takes a tenth of the imports' time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def keep_all() -> None:
    """Let the interpreter end without going over what numba and LLVM hold: a fifth of a second."""
    gc.freeze()
