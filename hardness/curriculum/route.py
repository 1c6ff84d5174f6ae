"""The two stages of a build: partitions to pieces, pieces to shards. Both pickle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from hardness.curriculum.folder import BuildFolder
from hardness.curriculum.keys import Keys
from hardness.curriculum.manifest import HARDNESS, POSITION, ROW, WEIGHT, ShardEntry, shard_name
from hardness.curriculum.spill import Piece, cut, gather, open_piece
from hardness.curriculum.write import write_shard
from hardness.errors import HardnessError
from hardness.io.arrow import from_numpy
from hardness.io.dataset import Dataset, Partition
from hardness.weighting import resolve

NEUTRAL = 0.5
"""Hardness that stands in for an undefined one where a weight is computed; no record's loss shall
vanish for want of a score."""


@dataclass(frozen=True, kw_only=True)
class Router:
    """Reads a partition, gives its records their positions and cuts them by bucket."""

    dataset: Dataset
    keys: Keys | Path
    """The keys, or the folder where `Keys.save` put them."""
    edges: np.ndarray
    """(buckets + 1,) int64, see `spill.cut`."""
    weighting: str | None
    spill: Path | None
    """Folder for the pieces; None keeps them in memory."""

    def __call__(self, partition: Partition) -> Piece:
        if self.spill is None:
            return self._cut(partition, None)
        path = self.spill / f"part-{partition.index:05d}.spill"
        return open_piece(path) or self._cut(partition, path)

    def _cut(self, partition: Partition, path: Path | None) -> Piece:
        records, rows = self._read(partition)
        indices, positions = self._keys.positions.find(rows)
        added = occurrence_columns(
            positions, rows[indices], keys=self._keys, weighting=self.weighting
        )
        return cut(records, indices, added, self.edges, path)

    def _read(self, partition: Partition) -> tuple[pa.Table, np.ndarray]:
        """The records in one chunk, since taking from several is slow, and their rows."""
        found = self.dataset.read(partition)
        file = self.dataset.files[partition.file].path
        refuse_collisions(found.table.column_names, weighting=self.weighting, file=file)
        rows = found.rows
        names, columns = found.table.column_names, found.table.columns
        del found  # so that no more than one column is in memory twice
        for index, column in enumerate(columns):
            if column.num_chunks != 1:  # of one chunk it would make a copy
                columns[index] = column.combine_chunks()
            del column
        return add_columns(pa.table(columns, names=names), rows, self._keys), rows

    @cached_property
    def _keys(self) -> Keys:
        return Keys.load(self.keys) if isinstance(self.keys, Path) else self.keys

    def __getstate__(self) -> dict[str, object]:
        # A worker maps the arrays itself instead of receiving what this process has mapped.
        return {name: item for name, item in self.__dict__.items() if name != "_keys"}


@dataclass(frozen=True, kw_only=True)
class ShardWriter:
    """Collects the records of a shard from all pieces, sorts and writes them."""

    folder: BuildFolder
    pieces: Sequence[Piece]
    edges: np.ndarray
    """(buckets + 1,) int64, see `spill.cut`."""
    schema: pa.Schema
    """Of the shards."""
    shard_rows: int
    row_group_rows: int
    build: str
    """Digest that the shards carry in their footers."""

    def __call__(self, index: int) -> ShardEntry:
        entry = self.folder.done(index)
        if entry is not None:
            return entry
        first, last = np.searchsorted(
            self.edges[:-1], [index * self.shard_rows, (index + 1) * self.shard_rows]
        )
        entry = write_shard(
            self.folder.path / shard_name(index),
            self.schema,
            (gather(self.pieces, b, self.edges, self.schema) for b in range(first, last)),
            row_group_rows=self.row_group_rows,
            build=self.build,
        )
        self.folder.mark(index, entry)
        return entry


def refuse_collisions(names: Sequence[str], *, weighting: str | None, file: str) -> None:
    """Refuse data whose columns have the names of those that shards add.

    Raises:
        HardnessError: a column called row, hardness or position, or weight under a weighting.
    """
    added = [ROW, HARDNESS, POSITION] + ([] if weighting is None else [WEIGHT])
    taken = [name for name in names if name in added]
    if taken:
        raise HardnessError(
            f"columns must leave the names {', '.join(added)} to the shards, got "
            f"{', '.join(taken)} in {file}; rename the column in the data and score it again"
        )


def add_columns(table: pa.Table, rows: np.ndarray, keys: Keys) -> pa.Table:
    """The records with `row` and `hardness`, which do not depend on the position.

    Args:
        table: n records.
        rows: (n,) u64, their rows in the dataset.
        keys: how hard they are.
    """
    hardness = from_numpy(keys.hardness[rows], nan_is_null=True)
    table = table.replace_schema_metadata()
    return table.append_column(ROW, from_numpy(rows)).append_column(HARDNESS, hardness)


def occurrence_columns(
    positions: np.ndarray, rows: np.ndarray, *, keys: Keys, weighting: str | None
) -> pa.Table:
    """The columns `position` and perhaps `weight` of some occurrences of records.

    Args:
        positions: (q,) integers.
        rows: (q,) u64, the rows of the records there.
        keys: how hard they are; those without hardness count as 1/2.
        weighting: spec of the weighting to evaluate at s = position / number of positions.
    """
    columns = {POSITION: from_numpy(positions.astype(np.uint64))}
    if weighting is not None:
        weight = resolve(weighting)(
            hardness=np.nan_to_num(keys.hardness[rows].astype(np.float64), nan=NEUTRAL),
            progress=positions / keys.rows,
        )
        columns[WEIGHT] = from_numpy(weight.astype(np.float32))
    return pa.table(columns)


def shard_schema(unified: pa.Schema) -> pa.Schema:
    """The columns of shards in their order: the original ones, then those that shards add."""
    added = [name for name in (ROW, HARDNESS, POSITION, WEIGHT) if name in unified.names]
    original = [name for name in unified.names if name not in added]
    return pa.schema([unified.field(name) for name in [*original, *added]])
