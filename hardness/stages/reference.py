"""Files that models are fitted on instead of the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hardness.errors import HardnessError
from hardness.io.dataset import Dataset, open_dataset
from hardness.io.digest import file_digest
from hardness.io.files import expand
from hardness.io.records import Columns


def reference_files(paths: Sequence[str], option: str = "reference") -> list[str]:
    """The files that the paths and globs of a reference stand for; none for none.

    Args:
        paths: as given.
        option: which gave them, for messages.

    Raises:
        HardnessError: one leads nowhere.
    """
    with named(option):
        return expand(paths) if paths else []


def reference_digests(paths: Sequence[str], option: str = "reference") -> list[str]:
    """What tells one reference from another: the digests of its files.

    Args:
        paths: as given.
        option: which gave them, for messages.

    Raises:
        HardnessError: a path leads nowhere.
    """
    files = reference_files(paths, option)
    with named(option):
        return [file_digest(path) for path in files]


@contextmanager
def open_reference(
    paths: Sequence[str],
    columns: Columns,
    *,
    labelled: bool = False,
    reading: Mapping[str, Any] | None = None,
) -> Iterator[Dataset]:
    """The records of a reference, its columns read the way the data's are.

    Args:
        paths: of its files.
        columns: the data's.
        labelled: it must have their label, too.
        reading: see `hardness.stages.run.Run`.

    Raises:
        HardnessError: a file or a record cannot be read, or lacks the columns.
    """
    with named("reference"):
        label = columns.label if labelled else None
        dataset = open_dataset(paths, text=columns.text, label=label, **(reading or {}))
    with dataset:
        yield dataset


@contextmanager
def named(name: str) -> Iterator[None]:
    """Mistakes in files that are called `data` everywhere else are those of an option here."""
    try:
        yield
    except HardnessError as error:
        rule = str(error).removeprefix("data must ")
        if rule == str(error):
            raise
        raise HardnessError(f"{name} must {rule}") from error
