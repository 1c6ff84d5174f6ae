"""Errors of the disk while tensors are saved, which each library has its own way to report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError
from torch.distributed.checkpoint.api import CheckpointException

from hardness.errors import HardnessError, explain_os_error


@contextmanager
def saving(path: Path) -> Iterator[None]:
    """Raises a HardnessError for a full disk or a lack of permission inside the block.

    Args:
        path: what is being saved.
    """
    try:
        yield
    except (OSError, RuntimeError, SafetensorError, CheckpointException) as error:
        explained = _explained(error, str(path))
        if explained is None:
            raise
        raise explained from error


def _explained(error: BaseException, name: str) -> HardnessError | None:
    if isinstance(error, CheckpointException):
        # (exception, traceback) of each rank that failed.
        found = (_explained(wrapped[0], name) for wrapped in error.failures.values())
        return next(filter(None, found), None)
    if isinstance(error, OSError):
        return explain_os_error(OSError(error.errno, ""), name)
    # From Rust: `I/O error: No space left on device (os error 28)`.
    number = re.search(r"os error (\d+)", str(error))
    if number is not None:
        return explain_os_error(OSError(int(number[1]), ""), name)
    # Torch's writer of archives tells no more than that it could not write.
    if "PytorchStreamWriter" in str(error) or "unexpected pos" in str(error):
        return HardnessError(
            f"{name} must be writable, got an archive that could not be written to its end; free "
            "some space or choose another folder"
        )
    return None
