"""Running the process without looking for garbage that is not there."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 200_000
"""As many new objects start a collection; a few thousand modules' and a kernel's worth."""


@contextmanager
def few_collections() -> Iterator[None]:
    """Collect garbage seldom, for what imports a lot, compiles a lot and then works on arrays.

    Python would go over all that numba and LLVM hold several times: a tenth of the time that
    imports and compilation take.
    """
    usual = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def keep_all() -> None:
    """Let the interpreter end without going over what numba and LLVM hold: a fifth of a second."""
    gc.freeze()
