"""The two stages of a build: partitions to pieces, pieces to shards. Both pickle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from hardness.curriculum.folder import BuildFolder
from hardness.curriculum.keys import LEFT_OUT, Keys
from hardness.curriculum.manifest import HARDNESS, POSITION, ROW, WEIGHT, ShardEntry, shard_name
from hardness.curriculum.shards import write_shard
from hardness.curriculum.spill import Piece, cut, gather, open_piece
from hardness.errors import HardnessError
from hardness.io.dataset import Dataset, Partition
from hardness.weighting import resolve

NEUTRAL = 0.5
"""Hardness that stands in for an undefined one where a weight is computed; no record's loss shall
vanish for want of a score."""


@dataclass(frozen=True, kw_only=True)
class Router:
    """Reads a partition, gives its records their position and cuts them by bucket."""

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
            return cut(self._read(partition), self.edges, None)
        path = self.spill / f"part-{partition.index:05d}.spill"
        return open_piece(path) or cut(self._read(partition), self.edges, path)

    def _read(self, partition: Partition) -> pa.Table:
        records = self.dataset.read(partition)
        file = self.dataset.files[partition.file].path
        refuse_collisions(records.table.column_names, weighting=self.weighting, file=file)
        return add_columns(records.table, records.rows, self._keys, weighting=self.weighting)

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


def add_columns(
    table: pa.Table, rows: np.ndarray, keys: Keys, *, weighting: str | None
) -> pa.Table:
    """The records that have a position, with `row`, `hardness`, `position` and perhaps `weight`.

    Args:
        table: n records.
        rows: (n,) u64, their rows in the dataset.
        keys: where they go.
        weighting: spec of the weighting to evaluate at s = position / number of positions; a
            record without hardness counts as one of hardness 1/2.
    """
    position = keys.position[rows]
    kept = position != LEFT_OUT
    if not kept.all():
        table, rows, position = table.filter(pa.array(kept)), rows[kept], position[kept]
    hardness = keys.hardness[rows]
    table = table.replace_schema_metadata()
    table = table.append_column(ROW, pa.array(rows, pa.uint64()))
    table = table.append_column(HARDNESS, pa.array(hardness, pa.float32(), from_pandas=True))
    table = table.append_column(POSITION, pa.array(position.astype(np.uint64)))
    if weighting is not None:
        weight = resolve(weighting)(
            hardness=np.nan_to_num(hardness.astype(np.float64), nan=NEUTRAL),
            progress=position / keys.rows,
        )
        table = table.append_column(WEIGHT, pa.array(weight.astype(np.float32)))
    return table


def shard_schema(unified: pa.Schema) -> pa.Schema:
    """The columns of shards in their order: the original ones, then those that shards add."""
    added = [name for name in (ROW, HARDNESS, POSITION, WEIGHT) if name in unified.names]
    original = [name for name in unified.names if name not in added]
    return pa.schema([unified.field(name) for name in [*original, *added]])
