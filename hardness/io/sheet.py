"""Files of a key and numbers, which need not have text as the records of a dataset do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from hardness.errors import HardnessError
from hardness.io.dataset import Dataset
from hardness.io.digest import object_digest
from hardness.io.files import Paths, expand
from hardness.io.numbers import with_numbers
from hardness.io.plan import READERS, Staging, admit, kinds_of, plan
from hardness.io.records import INTEGER, NULL, NUMBER, STRING, UNSIGNED, Columns

_KEYS = (STRING, INTEGER, UNSIGNED)
_RESERVED = ("row", "id")
"""Columns that every metric's table has."""


def open_sheet(
    paths: Paths,
    key: str,
    chosen: Sequence[str] | None,
    *,
    work: str | os.PathLike[str] | None = None,
) -> tuple[Dataset, list[str]]:
    """Open files whose records are a key and numbers.

    Args:
        paths: files and globs, as for `hardness.io.dataset.open_dataset`.
        key: a column of strings or integers. In CSV it is as it is written.
        chosen: the columns of numbers to read; all that hold numbers where None, but for the key
            and those called `row` or `id`.
        work: folder for plain copies of compressed files and CSV; the system's if None.

    Returns:
        The records, as a dataset without text, and the columns of numbers.

    Raises:
        HardnessError: a file is missing or unreadable, or lacks a column or has it of another kind.
    """
    names = expand(paths)
    staging = Staging(work)
    try:
        files, partitions = plan([admit(name, staging, "raise") for name in names], None)
    except BaseException:
        staging.remove()
        raise
    files = [
        replace(file, casts={name: kind for name, kind in file.casts.items() if name != key})
        for file in files
    ]
    kinds: dict[str, str] = {}
    for index, file in enumerate(files):
        own = [part for part in partitions if part.file == index]
        needed = [key, *(chosen or ())]
        found = kinds_of(file, own, needed, READERS[file.reader].kinds(file) if own else {})
        kinds |= {name: kind for name, kind in found.items() if kinds.get(name, NULL) == NULL}
    sheet = Dataset(
        files=tuple(files),
        columns=Columns(text=()),
        kinds={},
        column_names=tuple(kinds),
        partitions=tuple(partitions),
        rows=sum(file.rows for file in files),
        digest=object_digest([[file.format, file.digest] for file in files]),
        on_error="raise",
        staging=staging.folder,
    )
    try:
        _check_key(kinds, key)
        columns = _numbers(kinds, key, chosen)
        sheet = replace(sheet, kinds={key: STRING if kinds[key] == NULL else kinds[key]})
        return with_numbers(sheet, columns), columns
    except BaseException:
        sheet.close()
        raise


def _check_key(kinds: dict[str, str], key: str) -> None:
    if key not in kinds:
        raise HardnessError(
            f"on must be a column of the file, which has {', '.join(kinds)}, got {key!r}; name "
            "the one that holds the records' names"
        )
    if kinds[key] not in (*_KEYS, NULL):
        raise HardnessError(
            f"on must be a column of strings or integers, got {key!r}, which holds {kinds[key]}s "
            "in the file; name another"
        )


def _numbers(kinds: dict[str, str], key: str, chosen: Sequence[str] | None) -> list[str]:
    if chosen is None:
        numeric = (INTEGER, UNSIGNED, NUMBER)
        found = [
            name
            for name, kind in kinds.items()
            if kind in numeric and name not in (key, *_RESERVED)
        ]
        if not found:
            raise HardnessError(
                f"columns must be columns of numbers, got a file with {', '.join(kinds)}, of which "
                f"none but {key!r} holds numbers; name another file"
            )
        return found
    for name in chosen:
        if name not in kinds:
            raise HardnessError(
                f"columns must be among {', '.join(kinds)}, got {name!r}; check the name"
            )
        if name in (key, *_RESERVED):
            raise HardnessError(
                f"columns must be scores, got {name!r}, which names records; leave it out or "
                "rename it in the file"
            )
    return list(chosen)
