"""Partitions as model scores read them: with the rows around that share a block with their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hardness.inference.batching import blocks
from hardness.io.dataset import Dataset
from hardness.io.records import Partition, Records


@dataclass(frozen=True, kw_only=True)
class Span:
    """A partition to score."""

    own: Partition
    around: tuple[Partition, ...]
    """All partitions that share a block with it, itself included, in order."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """The records of a block of rows."""

    tables: list[pa.Table]
    """One after the other; columns may be of other types in another partition."""
    rows: np.ndarray
    """(n,) uint64 of all tables."""
    own: np.ndarray
    """(n,) bool: whether the record is of the span's own partition."""


def spans(partitions: Sequence[Partition], chosen: Sequence[int], size: int) -> list[Span]:
    """The partitions of these indices with those around them.

    Args:
        partitions: all of a dataset.
        chosen: indices of those to score.
        size: rows of a block.
    """
    filled = [part for part in partitions if part.rows]
    found = []
    for own in (partitions[index] for index in chosen):
        around: tuple[Partition, ...] = (own,)
        if own.rows:
            every = blocks(own.start_row, own.start_row + own.rows, size)
            first, stop = every[0][0], every[-1][1]
            around = tuple(
                part
                for part in filled
                if part.start_row < stop and part.start_row + part.rows > first
            )
        found.append(Span(own=own, around=around))
    return found


class SpanReader:
    """Reads a span's records, each partition once and only when a block needs it."""

    def __init__(self, dataset: Dataset, span: Span, columns: Sequence[str] | None) -> None:
        self._dataset = dataset
        self._span = span
        self._columns = columns
        self._read: dict[int, Records] = {}
        self.own = self.records(span.own)
        """The records of the partition itself."""

    def records(self, partition: Partition) -> Records:
        """All records of a partition."""
        if partition.index not in self._read:
            self._read[partition.index] = self._dataset.read(partition, self._columns)
        return self._read[partition.index]

    def blocks(self, size: int) -> Iterator[Block]:
        """Every block with a record of the span's own, in order."""
        own = self._span.own
        for start, stop in blocks(own.start_row, own.start_row + own.rows, size):
            tables, rows, is_own = [], [], []
            for part in self._span.around:
                if part.start_row >= stop or part.start_row + part.rows <= start:
                    continue
                records = self.records(part)
                low, high = np.searchsorted(records.rows, np.array([start, stop], np.uint64))
                tables.append(records.table.slice(low, high - low))
                rows.append(records.rows[low:high])
                is_own.append(np.full(high - low, part.index == own.index))
            yield Block(tables=tables, rows=np.concatenate(rows), own=np.concatenate(is_own))
