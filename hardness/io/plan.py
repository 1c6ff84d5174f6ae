"""Getting files ready to be read: plain copies, partitions, columns."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from hardness.errors import HardnessError
from hardness.io import columns as parts
from hardness.io import delimited, files, jsonl, lines, storage, tabular
from hardness.io.digest import file_digest
from hardness.io.records import (
    INTEGER,
    NULL,
    STRING,
    TEXT_KINDS,
    UNSIGNED,
    Columns,
    DataFile,
    Partition,
)
from hardness.io.remote import RemotePath
from hardness.io.staging import make_staging, remove_staging

READERS: dict[str, ModuleType] = {
    "jsonl": jsonl,
    "text": lines,
    "parquet": tabular,
    "arrow": tabular,
}
IN_PLACE = ("jsonl", "text", "parquet")
"""Formats of which a part is read without the rest, so that remote files need no copy."""

# Large enough that a task's overhead does not show, small enough that 16 cores have work.
_PARTITIONS_WISHED = 16
_MIN_PARTITION_BYTES = 4 << 20
_MAX_PARTITION_BYTES = 64 << 20


class Staging:
    """A temporary folder, made when first needed."""

    def __init__(self, work: str | os.PathLike[str] | None) -> None:
        self.work = work
        self.folder: str | None = None
        self.count = 0

    def next(self) -> tuple[str, str]:
        """The folder and a new file name in it."""
        if self.folder is None:
            try:
                self.folder = make_staging(self.work)
            except OSError as error:
                raise files.staging_error(str(self.work), error) from error
        self.count += 1
        return self.folder, f"{self.count:05d}"

    def remove(self) -> None:
        if self.folder is not None:
            remove_staging(self.folder)


def admit(name: str, staging: Staging, on_error: str) -> DataFile:
    """A file with the plain copy to read it from, if it needs one; its rows are unknown yet.

    A remote file that is not read in place is fetched first, and its digest taken on the way.

    Raises:
        HardnessError: the file is missing, of an unknown format, cut short or, for CSV, holds a bad
            record and on_error is "raise".
    """
    kind, compression = files.format_of(name)
    original = storage.absolute(name)
    size, version = storage.signature(original)
    file = DataFile(
        path=name,
        original=original,
        location=original,
        format=kind + compression,
        reader=kind,
        bytes=size,
        version=version,
    )
    in_place = not compression and kind in IN_PLACE
    if not in_place and isinstance(remote := storage.locate(original), RemotePath):
        file = _fetched(file, remote, *staging.next())
    if kind in ("csv", "tsv"):
        plain = delimited.stage(file, compression, *staging.next(), on_error)
    elif compression:
        copy = files.stage_plain(file.location, compression, *staging.next())
        plain = replace(file, location=copy)
    else:
        return file
    if file.location != original:
        os.unlink(file.location)
    return plain


def _fetched(file: DataFile, remote: RemotePath, folder: str, name: str) -> DataFile:
    target = Path(folder) / name
    try:
        digest = storage.fetch(remote, target)
    except OSError as error:
        raise files.staging_error(folder, error) from error
    check_unchanged(file)
    return replace(file, location=str(target), digest=digest)


def plan(
    admitted: Sequence[DataFile],
    partition_bytes: int | None,
    largest_partition_bytes: int | None = None,
) -> tuple[list[DataFile], list[Partition]]:
    """Scan the files: their rows and digests, and the partitions.

    Args:
        admitted: in order.
        partition_bytes: size of a partition; by default a sixteenth of the data within bounds.
        largest_partition_bytes: the upper bound, where it is to be lower than usual.

    Raises:
        HardnessError: there is no record, or a file changed under the scan.
    """
    total = sum(storage.signature(file.location).bytes for file in admitted)
    even = min(max(total // _PARTITIONS_WISHED, _MIN_PARTITION_BYTES), _MAX_PARTITION_BYTES)
    target = partition_bytes or min(even, largest_partition_bytes or even)
    scanned: list[DataFile] = []
    partitions: list[Partition] = []
    row = 0
    for number, file in enumerate(admitted):
        spans, digest = READERS[file.reader].spans(file, target)
        if file.location != file.original or not digest:
            digest = file.digest or file_digest(file.original)
        check_unchanged(file)
        scanned.append(replace(file, rows=sum(rows for _, rows in spans), digest=digest))
        for span, rows in spans:
            if rows == 0:  # nothing but blank lines
                continue
            partitions.append(
                Partition(
                    index=len(partitions),
                    file=number,
                    start_row=row,
                    rows=rows,
                    start=span.start,
                    stop=span.stop,
                    line=span.line,
                    regular=span.regular,
                )
            )
            row += rows
    if row == 0:
        names = ", ".join(file.path for file in admitted)
        raise HardnessError(f"data must hold at least one record, got none in {names}; check it")
    return scanned, partitions


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which columns are used, and as what."""

    files: list[DataFile]
    """With the casts that the choice leaves: a text column stays as it is written."""
    columns: Columns
    kinds: dict[str, str]
    """Kinds of the columns in use."""
    names: tuple[str, ...]
    """All columns seen, in order."""
    unfit_label: str | None
    """Why a column that is called like a label is none; None where that is not so."""


def choose_columns(
    scanned: Sequence[DataFile], partitions: Sequence[Partition], wanted: parts.Wanted
) -> Chosen:
    """Detect the columns in the first file with records and check them in all.

    Raises:
        HardnessError: no text column is found, or a column is missing or of the wrong kind.
    """
    columns: Columns | None = None
    unfit: str | None = None
    settled: list[DataFile] = []
    known: dict[str, str] = {}
    seen: dict[str, None] = {}
    for index, file in enumerate(scanned):
        own = [part for part in partitions if part.file == index]
        if not own:
            settled.append(file)
            continue
        kinds = READERS[file.reader].kinds(file)
        if columns is None:
            # In CSV all is text: a column of digits called `text` is text too.
            written = (
                dict.fromkeys(kinds, STRING)
                if file.format.startswith(("csv", "tsv"))
                else _with_texts(file, kinds, parts.text_names(wanted, kinds))
            )
            columns = parts.detect(kinds, written, wanted)
            if columns.label is None:
                unfit = parts.unfit_label(kinds, columns)
        text = columns.text
        kinds = _with_texts(file, kinds, text)
        kinds = {k: STRING if k in text and k in file.casts else v for k, v in kinds.items()}
        file = replace(file, casts={k: v for k, v in file.casts.items() if k not in text})
        asked = [*text, wanted.label, wanted.id, wanted.group]
        needed = [name for name in columns.named if name in asked or name in kinds]
        kinds = kinds_of(file, own, needed, kinds)
        for name in (columns.label, columns.group):
            # Only an id may need all 64 bits; a class or a group that does is a mistake.
            if name is not None and kinds.get(name) == UNSIGNED:
                kinds[name] = INTEGER
        parts.check(file.path, kinds, columns, wanted)
        parts.merge(file.path, known, kinds, columns)
        seen |= dict.fromkeys(kinds)
        settled.append(file)
    assert columns is not None  # there is a record
    return Chosen(
        files=settled,
        columns=columns,
        kinds=parts.resolved(known),
        names=tuple(seen),
        unfit_label=unfit,
    )


def _with_texts(file: DataFile, kinds: dict[str, str], names: Sequence[str]) -> dict[str, str]:
    """The kinds, where a column of text is one if any of its values is: the others are rejected."""
    mixed = [name for name in names if kinds.get(name, NULL) not in (*TEXT_KINDS, NULL)]
    return kinds | jsonl.texts(file, mixed) if mixed and file.reader == "jsonl" else kinds


def kinds_of(
    file: DataFile,
    own: Sequence[Partition],
    needed: Sequence[str],
    first: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The kinds of a file's columns; the needed ones are looked for beyond the first records.

    Args:
        file: the file.
        own: its partitions.
        needed: names of columns.
        first: the kinds in the first records, if they are known.
    """
    reader = READERS[file.reader]
    kinds = dict(reader.kinds(file) if first is None else first)
    for name in needed:
        if kinds.get(name, NULL) == NULL and (found := reader.find(file, own, name)):
            kinds[name] = found
    return kinds


def check_unchanged(*files: DataFile) -> None:
    """Raises HardnessError if a size, modification time or version differs from the scan's."""
    found = storage.of_each(storage.signature, [file.original for file in files])
    for file, now in zip(files, found, strict=True):
        if now != (file.bytes, file.version):
            raise HardnessError(
                f"{file.path} must not change during a run, got {now.bytes} bytes where "
                f"{file.bytes} were scanned, or a new modification time; run again when it is "
                "complete"
            )
