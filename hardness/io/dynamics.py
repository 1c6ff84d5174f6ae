"""Training dynamics on disk: which files there are, of which epochs, and what is read of them.

Of this project's recorder, its callback and its proxies:

    dynamics/epoch-003/*.parquet   row u64, gold_logprob, correct, margin, error_norm f32;
                                   optional: predicted (label or number of the class), logits

or of allenai/cartography, whose epochs count from 0:

    training_dynamics/dynamics_epoch_2.jsonl   {"guid": 12, "logits_epoch_2": [0.5, -1], "gold": 0}
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.digest import file_digest, object_digest
from hardness.io.storage import AnyPath, Location, Signature, absolute, locate, signature

PARQUET, JSONL = "parquet", "jsonl"
_EPOCH_FOLDER = re.compile(r"epoch-(\d+)")
_EPOCH_FILE = re.compile(r"dynamics_epoch_(\d+)\.jsonl?")


@dataclass(frozen=True, kw_only=True)
class DynamicsFile:
    """One file of an epoch."""

    path: str
    """As messages call it."""
    location: str
    """From the root of the disk, as workers may run in another folder; or a URL."""
    epoch: int
    """From 1."""
    number: int
    """The epoch's number as the file has it."""
    signature: Signature


@dataclass(frozen=True, kw_only=True)
class Dynamics:
    """Recorded dynamics of one training."""

    folder: Location
    """Holds the epochs."""
    format: str
    """`PARQUET` or `JSONL`."""
    files: tuple[DynamicsFile, ...]
    """In order of epoch and name."""

    @property
    def epochs(self) -> list[int]:
        """The epochs that there are files of, in order."""
        return sorted({file.epoch for file in self.files})

    @property
    def n_bytes(self) -> int:
        """Size of all files."""
        return sum(file.signature.bytes for file in self.files)

    def digest(self) -> str:
        """xxh3-128 over the epochs' numbers and the contents of their files."""
        return object_digest([[file.epoch, file_digest(file.location)] for file in self.files])

    def check_unchanged(self) -> None:
        """Raises HardnessError if a file changed since it was found."""
        for file in self.files:
            if signature(file.location) != file.signature:
                raise HardnessError(
                    f"dynamics must not change while they are read, got {file.path} changed; "
                    "run again when the training is over"
                )


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a file that one task reads."""

    file: DynamicsFile
    start: int
    """First byte, or row group."""
    stop: int
    """One past the last."""
    size: int
    """About how many observations."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The observations of a piece; m of them.

    Attributes:
        rows: uint64 (m,) rows of the data; None where records have guids.
        guids: string (m,); None where they have rows.
        values: float32 (4, m) gold_logprob, correct, margin, error_norm; None where there are
            logits and a gold class to make them of.
        logits: float64 (m, C), where they were recorded and are asked for.
        gold: int32 (m,) the gold class, where it was recorded.
        predicted: string (m,) the predicted label, where it was recorded.
    """

    rows: np.ndarray | None = None
    guids: pa.Array | None = None
    values: np.ndarray | None = None
    logits: np.ndarray | None = None
    gold: np.ndarray | None = None
    predicted: pa.Array | None = None


def find_dynamics(folder: AnyPath, epochs: tuple[int, int] | None = None) -> Dynamics:
    """The dynamics in a folder.

    Args:
        folder: a run, its `dynamics`, or any folder of epochs as above, or its parent; a URL too.
        epochs: the first and the last that count; all where None.

    Raises:
        HardnessError: there are none, or none of the last epoch that is asked for.
    """
    given = locate(folder)
    for place in (given, given / "dynamics", given / "training_dynamics"):
        for form, found in ((PARQUET, _epoch_folders(place)), (JSONL, _epoch_files(place))):
            if found:
                chosen = _choose(found, epochs)
                return Dynamics(folder=place, format=form, files=tuple(chosen))
    raise HardnessError(
        "dynamics must be a run of `hardness train --record-dynamics`, a folder of "
        "epoch-001/*.parquet or of dynamics_epoch_0.jsonl, got "
        f"{str(given)!r}, {_instead(given)}; check the path"
    )


def _instead(folder: Location) -> str:
    if not folder.exists():
        return "which is not there"
    if (folder / "config.json").is_file():
        return "a run that recorded none"
    return "without any" if folder.is_dir() else "a file"


def _epoch_folders(place: Location) -> list[DynamicsFile]:
    found = []
    for folder in place.glob("epoch-*"):
        match = _EPOCH_FOLDER.fullmatch(folder.name)
        if match and int(match[1]) > 0:
            number = int(match[1])
            # A file that is being written has a name that starts with a dot.
            paths = sorted(p for p in folder.glob("*.parquet") if not p.name.startswith("."))
            found += [_file(path, number, number) for path in paths]
    return sorted(found, key=lambda file: (file.epoch, file.path))


def _epoch_files(place: Location) -> list[DynamicsFile]:
    paths = {path: _EPOCH_FILE.fullmatch(path.name) for path in place.glob("dynamics_epoch_*")}
    numbers = {path: int(match[1]) for path, match in paths.items() if match}
    # Theirs count from 0. Files that someone counted from 1 are left at their numbers.
    first = 1 if 0 in numbers.values() else 0
    found = [_file(path, number + first, number) for path, number in numbers.items()]
    return sorted(found, key=lambda file: (file.epoch, file.path))


def _file(path: Location, epoch: int, number: int) -> DynamicsFile:
    return DynamicsFile(
        path=str(path),
        location=absolute(path),
        epoch=epoch,
        number=number,
        signature=signature(path),
    )


def _choose(
    found: Sequence[DynamicsFile], epochs: tuple[int, int] | None
) -> Sequence[DynamicsFile]:
    if epochs is None:
        return found
    first, last = epochs
    there = sorted({file.epoch for file in found})
    if last > there[-1] or first < there[0]:
        raise HardnessError(
            f"epochs must be within {there[0]}..{there[-1]}, those recorded, got {first}..{last}; "
            "choose among them"
        )
    chosen = [file for file in found if first <= file.epoch <= last]
    if not chosen:
        raise HardnessError(
            f"epochs must be among {', '.join(map(str, there))}, those recorded, got "
            f"{first}..{last}; choose among them"
        )
    return chosen
