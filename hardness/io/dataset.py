"""Datasets: files of records, cut into partitions that are read on their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType, TracebackType
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io import columns as parts
from hardness.io import delimited, files, jsonl, lines, tabular
from hardness.io.digest import file_digest, object_digest
from hardness.io.records import (
    NULL,
    Columns,
    DataFile,
    Loaded,
    Partition,
    Records,
    Reject,
)
from hardness.io.text import join_columns

_READERS: dict[str, ModuleType] = {
    "jsonl": jsonl,
    "text": lines,
    "parquet": tabular,
    "arrow": tabular,
}
# Large enough that a task's overhead does not show, small enough that 16 cores have work.
_PARTITIONS_WISHED = 16
_MIN_PARTITION_BYTES = 4 << 20
_MAX_PARTITION_BYTES = 64 << 20

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


@dataclass(kw_only=True)
class Dataset:
    """The records of some files, in order, in partitions.

    It can be pickled and read in other processes on machines that see the same files. Use it as a
    context manager: on leaving, files that changed meanwhile are an error, and the staging folder
    (plain copies of compressed files and CSV) is removed.
    """

    files: tuple[DataFile, ...]
    """In the order given; globs sorted."""
    columns: Columns
    """Which columns hold text, label, id and group."""
    kinds: dict[str, str]
    """Those columns' kinds; see `hardness.io.records`."""
    column_names: tuple[str, ...]
    """All columns seen in the schemas or first records, in order."""
    partitions: tuple[Partition, ...]
    """They depend on the data and on partition_bytes only."""
    rows: int
    """Records, rejected ones included: rows are [0, rows)."""
    digest: str
    """xxh3-128 over the files' digests, their order and formats."""
    on_error: str
    """What a bad record does: "raise" or "skip"."""
    detected: tuple[str, ...] = ()
    """The columns' parts that were detected rather than named: text, label, id."""
    staging: str | None = None
    """The folder of plain copies, where this object is the one to remove it."""

    def read(
        self, partition: Partition, columns: Sequence[str] | None = None, *, texts: bool = False
    ) -> Records:
        """The records of a partition.

        Args:
            partition: one of `partitions`.
            columns: which to return; None for every column of the data. Types may differ between
                partitions then, for `hardness.io.schema.unify` to settle. A column that the
                partition lacks is null.
            texts: return the text columns too.

        Raises:
            HardnessError: a record is bad and on_error is "raise", or the file changed.
        """
        names = None if columns is None else list(columns)
        if names is not None and texts:
            names += [name for name in self.columns.text if name not in names]
        loaded = self._load(partition, names)
        rows = loaded.index.astype(np.uint64) + np.uint64(partition.start_row)
        return Records(loaded.table, rows, loaded.rejects)

    def read_text(self, partition: Partition) -> tuple[pa.Array, np.ndarray, list[Reject]]:
        """The texts of a partition.

        Returns:
            string[records], contiguous from offset 0 (large_string above 2 GiB): the text columns
            joined by one space, nulls skipped, null where all are null; uint64[records] global
            rows; the rejects.

        Raises:
            HardnessError: a record is bad and on_error is "raise", or the file changed.
        """
        records = self.read(partition, self.columns.text)
        return join_columns(records.table, self.columns.text), records.rows, records.rejects

    def _load(self, partition: Partition, names: list[str] | None) -> Loaded:
        file = self.files[partition.file]
        _check_unchanged(file)
        limit = 1 if self.on_error == "raise" else None
        loaded = _READERS[file.reader].read(file, partition, self.kinds, names, limit)
        _check_unchanged(file)
        if loaded.rejects and self.on_error == "raise":
            raise bad_record(loaded.rejects[0])
        return loaded

    def kind_of(self, name: str) -> str:
        """The kind of any column, for a metric that reads it.

        Raises:
            HardnessError: no record has it.
        """
        found = None
        for index, file in enumerate(self.files):
            own = [part for part in self.partitions if part.file == index]
            found = _kinds(file, own, (name,)).get(name, found) if own else found
            if found not in (None, NULL):
                return str(found)
        if found is None:
            raise HardnessError(
                f"column must be one of {', '.join(self.column_names)}, got {name!r}; "
                "check the name"
            )
        return found

    def check_unchanged(self) -> None:
        """Raises HardnessError if a file's size or modification time changed since the scan."""
        for file in self.files:
            _check_unchanged(file)

    def describe(self) -> list[str]:
        """Lines that tell what was found and detected."""
        formats = ", ".join(dict.fromkeys(file.format for file in self.files))
        size = sum(file.bytes for file in self.files)
        named = self.files[0].path if len(self.files) == 1 else f"{len(self.files)} files"
        described = [f"{named}: {self.rows:,} records, {_size(size)}, {formats}"]
        for part in ("text", "label", "id", "group"):
            names = getattr(self.columns, part)
            if not names:
                continue
            shown = names if isinstance(names, str) else " + ".join(names)
            described.append(f"{part}: {shown}{' (detected)' if part in self.detected else ''}")
        return described

    def close(self) -> None:
        """Remove the staging folder; nothing can be read from it afterwards."""
        if self.staging is not None:
            shutil.rmtree(self.staging, ignore_errors=True)
            self.staging = None

    def __enter__(self) -> Dataset:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.check_unchanged()
        finally:
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        # A copy in another process must not remove the folder that others still read.
        return self.__dict__ | {"staging": None}


def bad_record(reject: Reject) -> HardnessError:
    """The error for a record that may not be skipped."""
    return HardnessError(
        f"{reject.file} line {reject.line} must be a good record, got {reject.reason}; "
        "mend the line or pass --on-error skip"
    )


def open_dataset(
    paths: Paths,
    *,
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    id: str | None = None,
    group: str | None = None,
    on_error: str = "raise",
    partition_bytes: int | None = None,
    work: str | os.PathLike[str] | None = None,
) -> Dataset:
    """Scan files, detect their columns and plan their partitions.

    Args:
        paths: files, globs and `save_to_disk` folders. JSONL and text may be compressed (.gz,
            .zst), CSV and TSV too; Parquet and Arrow are read as they are.
        text: the text columns, as "a,b" or a sequence; detected if None.
        label: the label column; detected if None (label, labels, gold_label).
        id: the id column; detected if None (id).
        group: the group column; none if None.
        on_error: "raise" at the first bad record or "skip" and report them.
        partition_bytes: size of a partition; by default a sixteenth of the data, but at least 4
            and at most 64 MiB.
        work: folder for plain copies of compressed files and CSV; the system's if None.

    Raises:
        HardnessError: a file is missing, unreadable or of an unknown format, no text column is
            found, or a named column is missing or of the wrong kind.
    """
    wanted = parts.parse_wanted(text, label, id, group)
    if on_error not in ("raise", "skip"):
        raise HardnessError(f"on_error must be raise or skip, got {on_error!r}; choose one")
    if partition_bytes is not None and partition_bytes < 1:
        raise HardnessError(f"partition_bytes must be at least 1, got {partition_bytes}; raise it")
    names = files.expand(paths)
    staging = _Staging(work)
    try:
        admitted = [_admit(name, staging, on_error) for name in names]
        scanned, partitions = _plan(admitted, partition_bytes)
        columns, kinds, column_names = _choose_columns(scanned, partitions, wanted)
    except BaseException:
        staging.remove()
        raise
    detected = [part for part in ("text", "label", "id") if getattr(wanted, part) is None]
    return Dataset(
        files=tuple(scanned),
        columns=columns,
        kinds=kinds,
        column_names=column_names,
        partitions=tuple(partitions),
        rows=sum(file.rows for file in scanned),
        digest=object_digest([[file.format, file.digest] for file in scanned]),
        on_error=on_error,
        detected=tuple(detected),
        staging=staging.folder,
    )


class _Staging:
    """A temporary folder, made when first needed."""

    def __init__(self, work: str | os.PathLike[str] | None) -> None:
        self.work = work
        self.folder: str | None = None
        self.count = 0

    def next(self) -> tuple[str, str]:
        """The folder and a new file name in it."""
        if self.folder is None:
            try:
                if self.work is not None:
                    os.makedirs(self.work, exist_ok=True)
                self.folder = tempfile.mkdtemp(prefix="hardness-", dir=self.work)
            except OSError as error:
                raise files.staging_error(str(self.work), error) from error
        self.count += 1
        return self.folder, f"{self.count:05d}"

    def remove(self) -> None:
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def _admit(name: str, staging: _Staging, on_error: str) -> DataFile:
    kind, compression = files.format_of(name)
    original = os.path.abspath(name)
    size, mtime_ns = files.signature(original)
    file = DataFile(
        path=name,
        original=original,
        location=original,
        format=kind + compression,
        reader=kind,
        bytes=size,
        mtime_ns=mtime_ns,
    )
    if kind in ("csv", "tsv"):
        return delimited.stage(file, compression, *staging.next(), on_error)
    if compression:
        return replace(file, location=files.stage_plain(original, compression, *staging.next()))
    return file


def _plan(
    admitted: Sequence[DataFile], partition_bytes: int | None
) -> tuple[list[DataFile], list[Partition]]:
    total = sum(os.path.getsize(file.location) for file in admitted)
    even = min(max(total // _PARTITIONS_WISHED, _MIN_PARTITION_BYTES), _MAX_PARTITION_BYTES)
    target = partition_bytes or even
    scanned: list[DataFile] = []
    partitions: list[Partition] = []
    row = 0
    for number, file in enumerate(admitted):
        spans, digest = _READERS[file.reader].spans(file, target)
        if file.location != file.original or not digest:
            digest = file_digest(file.original)
        _check_unchanged(file)
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


def _choose_columns(
    scanned: Sequence[DataFile], partitions: Sequence[Partition], wanted: parts.Wanted
) -> tuple[Columns, dict[str, str], tuple[str, ...]]:
    columns: Columns | None = None
    known: dict[str, str] = {}
    seen: dict[str, None] = {}
    for index, file in enumerate(scanned):
        own = [part for part in partitions if part.file == index]
        if not own:
            continue
        kinds = _READERS[file.reader].kinds(file)
        if columns is None:
            columns = parts.detect(kinds, wanted)
        asked = [*columns.text, wanted.label, wanted.id, wanted.group]
        needed = [name for name in columns.named if name in asked or name in kinds]
        kinds = _kinds(file, own, needed)
        parts.check(file.path, kinds, columns, wanted)
        parts.merge(file.path, known, kinds, columns)
        seen |= dict.fromkeys(kinds)
    assert columns is not None  # there is a record
    return columns, parts.resolved(known), tuple(seen)


def _kinds(file: DataFile, own: Sequence[Partition], needed: Sequence[str]) -> dict[str, str]:
    """The kinds of a file's columns; the needed ones are looked for beyond the first records."""
    reader = _READERS[file.reader]
    kinds = reader.kinds(file)
    for name in needed:
        if kinds.get(name, NULL) == NULL and (found := reader.find(file, own, name)):
            kinds[name] = found
    return kinds


def _check_unchanged(file: DataFile) -> None:
    size, mtime_ns = files.signature(file.original)
    if (size, mtime_ns) != (file.bytes, file.mtime_ns):
        raise HardnessError(
            f"{file.path} must not change during a run, got {size} bytes where {file.bytes} were "
            "scanned, or a new modification time; run again when it is complete"
        )


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
