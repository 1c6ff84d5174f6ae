"""That a table is of other data, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hardness.io.dataset import Dataset
from hardness.io.storage import Location, relative


def mismatch(table: Location, held: Sequence[Mapping[str, Any]], dataset: Dataset) -> str:
    """Why the scores of a table are not those of a dataset.

    Args:
        table: its folder.
        held: the files that it holds scores of, as in dataset.json.
        dataset: data of another digest.
    """
    given = [file.original for file in dataset.files]
    originals = [file["absolute"] for file in held]
    same_place = [file["path"] for file in held] == [relative(file, table) for file in given]
    if given == originals or same_place:
        got = "other contents (the data changed since)"
        fix = "delete the folder, name another with -o, or score with --overwrite"
    else:
        got = _named(originals)
        fix = "name another folder with -o, or score with --overwrite to replace them"
    return (
        f"{table} must hold scores of {_named([file.path for file in dataset.files])}, got scores "
        f"of {got}; {fix}"
    )


def _named(files: Sequence[str]) -> str:
    return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
