"""Files that models are fitted on instead of the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hardness.errors import HardnessError
from hardness.io.dataset import Dataset, open_dataset
from hardness.io.digest import file_digest
from hardness.io.files import expand


def reference_files(paths: Sequence[str]) -> list[str]:
    """The files that the paths and globs of a reference stand for; none for none.

    Raises:
        HardnessError: one leads nowhere.
    """
    with _named():
        return expand(paths) if paths else []


def reference_digests(paths: Sequence[str]) -> list[str]:
    """What tells one reference from another: the digests of its files.

    Raises:
        HardnessError: a path leads nowhere.
    """
    files = reference_files(paths)
    with _named():
        return [file_digest(path) for path in files]


@contextmanager
def open_reference(
    paths: Sequence[str],
    *,
    text: Sequence[str],
    label: str | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Iterator[Dataset]:
    """The records of a reference, its columns read the way the data's are.

    Args:
        paths: of its files.
        text, label: the data's columns.
        reading: see `hardness.stages.run.Run`.

    Raises:
        HardnessError: a file or a record cannot be read, or lacks the columns.
    """
    with _named():
        dataset = open_dataset(paths, text=text, label=label, **(reading or {}))
    with dataset:
        yield dataset


@contextmanager
def _named() -> Iterator[None]:
    """Mistakes in files that are called `data` everywhere else are the reference's here."""
    try:
        yield
    except HardnessError as error:
        rule = str(error).removeprefix("data must ")
        if rule == str(error):
            raise
        raise HardnessError(f"reference must {rule}") from error
