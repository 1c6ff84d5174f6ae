"""Datasets: files of records, cut into partitions that are read on their own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.errors import HardnessError
from hardness.io.columns import parse_wanted
from hardness.io.digest import object_digest
from hardness.io.files import Paths, expand
from hardness.io.plan import (
    READERS,
    Staging,
    admit,
    check_unchanged,
    choose_columns,
    kinds_of,
    plan,
)
from hardness.io.records import NULL, Columns, DataFile, Loaded, Partition, Records, Reject
from hardness.io.scan import one_line
from hardness.io.staging import remove_staging
from hardness.io.stores import is_url
from hardness.io.text import join_columns


@dataclass(kw_only=True)
class Dataset:
    """The records of some files, in order, in partitions.

    It can be pickled and read in other processes on machines that see the same files, or reach the
    same stores. Use it as a
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
    unfit_label: str | None = None
    """Why a column that is called like a label was not detected as one."""
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

    def narrow(self, partition: Partition, row: int) -> Partition:
        """The part of a partition that has one of its rows and, where that is cheap, no other."""
        file = self.files[partition.file]
        of_lines = file.reader == "text" or (file.reader == "jsonl" and partition.regular)
        # Looking for a line means reading the partition, which of a store is the dear part.
        if not of_lines or is_url(file.location):
            return partition
        return one_line(file.location, partition, row)

    def _load(self, partition: Partition, names: list[str] | None) -> Loaded:
        file = self.files[partition.file]
        check_unchanged(file)
        limit = 1 if self.on_error == "raise" else None
        loaded = READERS[file.reader].read(file, partition, self.kinds, names, limit)
        check_unchanged(file)
        if loaded.rejects and self.on_error == "raise":
            raise loaded.rejects[0].error()
        return loaded

    def kind_of(self, name: str) -> str:
        """The kind of any column, for a metric that reads it.

        Raises:
            HardnessError: no record has it.
        """
        found = None
        for index, file in enumerate(self.files):
            own = [part for part in self.partitions if part.file == index]
            found = kinds_of(file, own, (name,)).get(name, found) if own else found
            if found not in (None, NULL):
                return str(found)
        if found is None:
            raise HardnessError(
                f"column must be one of {', '.join(self.column_names)}, got {name!r}; "
                "check the name"
            )
        return found

    def check_unchanged(self) -> None:
        """Raises HardnessError if a file's size, time or version changed since the scan."""
        check_unchanged(*self.files)

    def describe(self) -> list[str]:
        """Lines that tell what was found and detected."""
        formats = ", ".join(dict.fromkeys(file.format for file in self.files))
        size = sum(file.bytes for file in self.files)
        named = self.files[0].path if len(self.files) == 1 else f"{len(self.files)} files"
        noun = "record" if self.rows == 1 else "records"
        described = [f"{named}: {self.rows:,} {noun}, {_size(size)}, {formats}"]
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
            remove_staging(self.staging)
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


def open_dataset(
    paths: Paths,
    *,
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    id: str | None = None,
    group: str | None = None,
    on_error: str = "raise",
    partition_bytes: int | None = None,
    largest_partition_bytes: int | None = None,
    work: str | os.PathLike[str] | None = None,
) -> Dataset:
    """Scan files, detect their columns and plan their partitions.

    Args:
        paths: files, globs and `save_to_disk` folders, as paths or as URLs such as
            s3://bucket/*.jsonl. JSONL and text may be compressed (.gz, .zst), CSV and TSV too;
            Parquet and Arrow are read as they are.
        text: the text columns, as "a,b" or a sequence; detected if None.
        label: the label column; detected if None (label, labels, gold_label).
        id: the id column; detected if None (id).
        group: the group column; none if None.
        on_error: "raise" at the first bad record or "skip" and report them.
        partition_bytes: size of a partition; by default a sixteenth of the data, but at least 4
            and at most 64 MiB.
        largest_partition_bytes: a lower bound than those 64 MiB, for little memory.
        work: folder for plain copies of compressed files and CSV, and of remote Arrow files; the
            system's if None.

    Raises:
        HardnessError: a file is missing, unreadable or of an unknown format, no text column is
            found, or a named column is missing or of the wrong kind.
    """
    wanted = parse_wanted(text, label, id, group)
    if on_error not in ("raise", "skip"):
        raise HardnessError(f"on_error must be raise or skip, got {on_error!r}; choose one")
    if partition_bytes is not None and partition_bytes < 1:
        raise HardnessError(f"partition_bytes must be at least 1, got {partition_bytes}; raise it")
    names = expand(paths)
    staging = Staging(work)
    try:
        admitted = [admit(name, staging, on_error) for name in names]
        files, partitions = plan(admitted, partition_bytes, largest_partition_bytes)
        chosen = choose_columns(files, partitions, wanted)
    except BaseException:
        staging.remove()
        raise
    detected = [part for part in ("text", "label", "id") if getattr(wanted, part) is None]
    return Dataset(
        files=tuple(chosen.files),
        columns=chosen.columns,
        kinds=chosen.kinds,
        column_names=chosen.names,
        partitions=tuple(partitions),
        rows=sum(file.rows for file in files),
        digest=object_digest([[file.format, file.digest] for file in files]),
        on_error=on_error,
        detected=tuple(detected),
        unfit_label=chosen.unfit_label,
        staging=staging.folder,
    )


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
