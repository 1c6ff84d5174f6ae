"""Records on their way from partitions to shards: one piece per partition, cut by bucket.

A *bucket* is a range of training positions small enough to be sorted in memory. A piece holds the
records of one partition sorted by position, each as often as it has one. It lives in memory, or in
a file: an Arrow stream with one run of messages per bucket, and behind it the places where the
runs begin. Nothing is compressed: a piece is read again at once, mostly from the page cache, and
even LZ4 costs more than all else that is done to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import pyarrow as pa
import xxhash

from hardness.curriculum.manifest import POSITION
from hardness.errors import HardnessError, mended_by_the_user
from hardness.io.arrow import from_numpy, to_numpy
from hardness.io.atomic import ask_permission, temporary_name
from hardness.io.schema import cast

_DIGEST_BYTES = 16
_BLOCK_BYTES = 2**16
"""Bytes of a piece that are written at a time."""


class Piece(Protocol):
    """The records of one partition, cut by bucket."""

    @property
    def schema(self) -> pa.Schema:
        """Of the records: partitions can differ."""
        ...

    @property
    def rows(self) -> int:
        """Number of records, each counted as often as it occurs."""
        ...

    def bucket(self, index: int) -> list[pa.RecordBatch]:
        """The records of bucket `index`, sorted by position."""
        ...


@dataclass(frozen=True, kw_only=True)
class HeldPiece:
    """A piece in memory."""

    schema: pa.Schema
    rows: int
    buckets: Sequence[list[pa.RecordBatch]]
    """Parts of the same memory."""

    def bucket(self, index: int) -> list[pa.RecordBatch]:
        """The records of bucket `index`, sorted by position."""
        return self.buckets[index]


@dataclass(frozen=True, kw_only=True)
class SpilledPiece:
    """A piece in a file."""

    path: str
    schema: pa.Schema
    rows: int
    offsets: np.ndarray
    """(buckets + 1,) int64: bucket b is bytes [offsets[b], offsets[b + 1]) of the file."""

    def bucket(self, index: int) -> list[pa.RecordBatch]:
        """The records of bucket `index`, sorted by position."""
        start, stop = int(self.offsets[index]), int(self.offsets[index + 1])
        if start == stop:
            return []
        with open(self.path, "rb") as file:  # buffered: one system call reads 2 GiB at most
            file.seek(start)
            reader = pa.BufferReader(file.read(stop - start))
        batches = []
        while reader.tell() < reader.size():
            message = pa.ipc.read_message(reader)
            if message.type != "schema":  # it stands before the first batch
                batches.append(pa.ipc.read_record_batch(message, self.schema))
        return batches


def cut(
    records: pa.Table,
    indices: np.ndarray,
    added: pa.Table,
    edges: np.ndarray,
    path: Path | None,
) -> Piece:
    """Cut the occurrences of a partition's records by bucket.

    Args:
        records: the partition's records, in any order, best in one chunk.
        indices: (q,) the record of each occurrence.
        added: columns of the q occurrences, `position` among them, which is ascending.
        edges: (buckets + 1,) int64 increasing; bucket b is positions [edges[b], edges[b + 1]).
        path: the file to write, under a temporary name first; memory if None.
    """
    cutter = _Cutter(records, indices, added, edges)
    if path is None:
        return HeldPiece(schema=cutter.schema, rows=cutter.rows, buckets=list(cutter.buckets()))
    offsets = _write_file(cutter, path)
    return SpilledPiece(path=str(path), schema=cutter.schema, rows=cutter.rows, offsets=offsets)


def open_piece(path: Path) -> SpilledPiece | None:
    """The piece in a file that `cut` wrote; None if it is not there or not whole."""
    if not path.is_file():
        return None
    with pa.memory_map(str(path)) as file:
        end = file.size() - _DIGEST_BYTES
        if end < 16:
            return None
        data = file.read_buffer(end)
        if xxhash.xxh3_128_digest(data) != file.read(_DIGEST_BYTES):
            return None
        count, rows = np.frombuffer(data.slice(end - 16), np.int64).tolist()
        offsets = np.frombuffer(data.slice(end - 16 - 8 * count, 8 * count), np.int64).copy()
        schema = pa.ipc.open_stream(data).schema
    return SpilledPiece(path=str(path), schema=schema, rows=rows, offsets=offsets)


def gather(pieces: Sequence[Piece], bucket: int, edges: np.ndarray, schema: pa.Schema) -> pa.Table:
    """The records of one bucket in training order.

    Args:
        pieces: all of them.
        bucket: which bucket.
        edges: as given to `cut`.
        schema: what every record is cast to, from `hardness.io.schema.unify`; columns that a
            partition lacks become null.

    Raises:
        HardnessError: a position of the bucket has no record, or more than one.
    """
    start, stop = int(edges[bucket]), int(edges[bucket + 1])
    alike = [batch for piece in pieces if piece.schema == schema for batch in piece.bucket(bucket)]
    others = [
        cast(pa.Table.from_batches(batches), schema)
        for piece in pieces
        if piece.schema != schema and (batches := piece.bucket(bucket))
    ]
    table = pa.concat_tables([pa.Table.from_batches(alike, schema), *others])
    positions = to_numpy(table.column(POSITION)).astype(np.int64) - start
    order = np.full(stop - start, -1, dtype=np.int64)
    order[positions] = np.arange(len(positions))
    if len(positions) != stop - start or np.any(order < 0):
        raise HardnessError(
            f"data must hold every record of the table once, got {len(positions)} records for the "
            f"{stop - start} positions from {start}; score the data again"
        )
    return table.take(from_numpy(order)).combine_chunks()


class _Cutter:
    """Cuts the occurrences of a partition's records bucket by bucket.

    They are taken from the records a run at a time, of a quarter as many occurrences as there are
    records, so that a file needs little more memory than the records, however often they occur.
    """

    def __init__(
        self, records: pa.Table, indices: np.ndarray, added: pa.Table, edges: np.ndarray
    ) -> None:
        self.schema = pa.schema([*records.schema, *added.schema])
        self.rows = len(indices)
        self._records = records
        self._indices = indices
        self._added = added
        self._cuts = np.searchsorted(to_numpy(added.column(POSITION)), edges).tolist()

    def write(self, sink: pa.NativeFile) -> np.ndarray:
        """Write a stream and return where its buckets begin and the last one ends."""
        with pa.ipc.new_stream(sink, self.schema) as writer:
            offsets = [sink.tell()]
            for batches in self.buckets():
                for batch in batches:
                    writer.write_batch(batch)
                offsets.append(sink.tell())
        return np.array(offsets)

    def buckets(self) -> Iterator[list[pa.RecordBatch]]:
        """The records of each bucket, parts of the runs."""
        runs = self._runs()
        start, run = 0, next(runs, None)
        for low, high in pairwise(self._cuts):
            batches = []
            while low < high:
                assert run is not None
                stop = min(high, start + run.num_rows)
                batches.append(run.slice(low - start, stop - low))
                low = stop
                if stop == start + run.num_rows:
                    start, run = stop, next(runs, None)
            yield batches

    def _runs(self) -> Iterator[pa.RecordBatch]:
        names = self._added.column_names
        step = max(self._records.num_rows // 4, 1)
        for start in range(0, self.rows, step):
            table = self._records.take(from_numpy(self._indices[start : start + step]))
            for name, column in zip(names, self._added.slice(start, step).columns, strict=True):
                table = table.append_column(name, column)
            yield from table.to_batches()


def _write_file(cutter: _Cutter, path: Path) -> np.ndarray:
    # Not `atomic_path`: waiting for the disk would take longer than the whole build. What a power
    # failure leaves of a piece does not match the digest at its end, and is written again.
    temporary = temporary_name(path)
    try:
        with mended_by_the_user(str(path.parent)), open(temporary, "wb") as file:
            digested = _Digested(file)
            with pa.BufferedOutputStream(pa.PythonFile(digested, mode="w"), _BLOCK_BYTES) as sink:
                offsets = cutter.write(sink)
                sink.write(offsets.tobytes())
                sink.write(np.array([len(offsets), cutter.rows]).tobytes())
                sink.flush()
                file.write(digested.digest())
            ask_permission()
            os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return offsets


class _Digested:
    """A file that knows the digest of what is written to it, without reading it again."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = xxhash.xxh3_128()
        self.closed = False

    def write(self, block: bytes) -> None:
        self._digest.update(block)
        self._file.write(block)

    def digest(self) -> bytes:
        return self._digest.digest()

    def flush(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def tell(self) -> int:
        return self._file.tell()
