"""Folders of shards: records in training order, read with every byte checked.

A shard is a Parquet file with every original column, then `row` (u64), `hardness` (f32, higher is
harder, null where the score was), `position` (u64, the global training position) and, if the build
had a weighting, `weight` (f32). `manifest.json` lists the shards with their digests.
"""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hardness.curriculum.check import (
    check_shard,
    fetch_shard,
    open_shard_file,
    unlisted,
)
from hardness.curriculum.manifest import (
    Manifest,
    read_manifest,
)
from hardness.errors import HardnessError
from hardness.io.remote import RemotePath
from hardness.io.storage import AnyPath, Location, Signature, find_signature, locate, sizes


class Shards:
    """A finished build, read in training order. Made by `open_shards`.

    Attributes:
        path: the folder.
        manifest: what the build wrote about itself.
        rows: number of positions; a record that occurs several times counts as often.
        schema: Arrow schema of every shard.
        columns: names of the columns, the original ones first.
    """

    def __init__(self, path: Location, manifest: Manifest, *, verify: bool) -> None:
        self.path = path
        self.manifest = manifest
        self.rows = manifest.rows
        self._verify = verify
        self._checked: dict[str, Signature | None] = {}
        self._starts = [0, *accumulate(shard.rows for shard in manifest.shards)]
        first = manifest.shards[0]
        with open_shard_file(path / first.name, first) as file:
            self.schema: pa.Schema = file.schema_arrow.remove_metadata()
        self.columns: list[str] = list(self.schema.names)

    def __len__(self) -> int:
        return self.rows

    def tables(self, columns: Sequence[str] | None = None, *, start: int = 0) -> Iterator[pa.Table]:
        """The records in training order, one table per row group.

        Args:
            columns: names of the columns to read, in the order wanted; all of them if None.
            start: position of the first record wanted, in [0, rows]; earlier row groups are not
                read.

        Raises:
            HardnessError: a column that the shards lack, a start out of range, or a shard that is
                missing, truncated, altered or of another build; raised before its first row.
        """
        names = self._names(columns)
        if not 0 <= start <= self.rows:
            raise HardnessError(
                f"start must be between 0 and {self.rows}, got {start}; check the position"
            )
        first = max(bisect_right(self._starts, start) - 1, 0)
        for index in range(first, len(self.manifest.shards)):
            offset = self._starts[index]
            with self._open(index) as file:
                for group in range(file.num_row_groups):
                    rows = file.metadata.row_group(group).num_rows
                    if offset + rows > start:
                        table = file.read_row_group(group, columns=names).select(names)
                        yield table.slice(max(start - offset, 0)).replace_schema_metadata()
                    offset += rows

    def read(self, start: int, stop: int, columns: Sequence[str] | None = None) -> pa.Table:
        """The records at positions [start, stop), cut off at the end of the data."""
        pieces: list[pa.Table] = []
        wanted = min(stop, self.rows) - start
        if wanted > 0:
            for table in self.tables(columns, start=start):
                pieces.append(table.slice(0, wanted))
                wanted -= pieces[-1].num_rows
                if wanted == 0:
                    break
        if pieces:
            return pa.concat_tables(pieces)
        return pa.schema([self.schema.field(name) for name in self._names(columns)]).empty_table()

    def column(self, name: str) -> pa.ChunkedArray:
        """One column of all records in training order."""
        chunks = [table.column(0) for table in self.tables([name])]
        return pa.chunked_array([chunk for column in chunks for chunk in column.chunks])

    def labels(self) -> list[Any]:
        """The distinct values of the label column, sorted, None at the end if some record has none.

        Raises:
            HardnessError: the data was scored without a label column.
        """
        label = self.manifest.columns.label
        if label is None:
            raise HardnessError(
                "label must be a column of the data, got none in the shards; score the data with "
                "--label NAME and build again"
            )
        found: set[Any] = set()
        for table in self.tables([label]):
            found.update(table.column(0).unique().to_pylist())
        return [*sorted(found - {None}), *found & {None}]

    def verify(self) -> None:
        """Check the digest of every shard now rather than when it is first read."""
        for index in range(len(self.manifest.shards)):
            with self._checked_file(index):
                pass

    def _names(self, columns: Sequence[str] | None) -> list[str]:
        names = self.columns if columns is None else list(columns)
        unknown = [name for name in names if name not in self.columns]
        if unknown:
            raise HardnessError(
                f"columns must be among {', '.join(self.columns)}, got {', '.join(unknown)}; "
                "check the names"
            )
        return names

    @contextmanager
    def _open(self, index: int) -> Iterator[pq.ParquetFile]:
        shard = self.manifest.shards[index]
        path = self.path / shard.name
        if not self._verify or self._is_as_checked(path):
            with open_shard_file(path, shard) as file:
                yield file
        else:
            with self._checked_file(index) as file:
                yield file

    @contextmanager
    def _checked_file(self, index: int) -> Iterator[pq.ParquetFile]:
        """A shard whose bytes are checked: of a remote one, those of the copy that is read."""
        shard = self.manifest.shards[index]
        if isinstance(self.path, RemotePath):
            with tempfile.TemporaryDirectory(prefix="hardness-") as folder:
                copy = Path(folder) / shard.name
                self._checked[shard.name] = fetch_shard(self.path, self.manifest, index, copy)
                with open_shard_file(copy, shard) as file:
                    yield file
            return
        check_shard(self.path, self.manifest, index, digest=True)
        self._checked[shard.name] = None
        with open_shard_file(self.path / shard.name, shard) as file:
            yield file

    def _is_as_checked(self, path: Location) -> bool:
        """Whether a shard was checked and, if it is remote, has not changed since."""
        if path.name not in self._checked:
            return False
        known = self._checked[path.name]
        return known is None or find_signature(path) == known


def open_shards(path: AnyPath, *, verify: bool = True) -> Shards:
    """Open the folder of shards that `hardness build` wrote.

    Args:
        path: the folder; a URL too. A remote shard is copied into a temporary file when its digest
            is checked, once; after that only the columns that are wanted are fetched.
        verify: check the size of every shard now and its digest before its first row is used.

    Raises:
        HardnessError: no such folder, the build did not finish, or a shard is missing, truncated,
            altered, of another build or not listed in the manifest.
    """
    folder = locate(path)
    manifest = read_manifest(folder)
    if not manifest.shards:
        raise HardnessError(
            f"shards must hold at least one record, got none in {str(folder)!r}; build again"
        )
    there = sizes(folder)
    for index, shard in enumerate(manifest.shards):
        if shard.name not in there or (verify and there[shard.name] != shard.bytes):
            check_shard(folder, manifest, index, digest=False, size=verify)
    foreign = unlisted(folder, there, manifest)
    if foreign:
        raise foreign[0]
    return Shards(folder, manifest, verify=verify)
