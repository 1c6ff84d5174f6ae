"""The stream of batches: shards in order, cut by the plan, encoded in the background."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from hardness.curriculum.manifest import HARDNESS, ROW, WEIGHT
from hardness.curriculum.shards import Shards
from hardness.training.batches import BatchPlan
from hardness.training.examples import Batch
from hardness.training.tasks import Task

T = TypeVar("T")

PREFETCHED_STEPS = 4
"""Global batches made ready ahead: enough to hide the encoding, little memory."""

UNDEFINED_HARDNESS = 0.5
"""Stands for a null: in the middle, where every S-Loss weighs 1."""

NO_ROW = np.uint64(np.iinfo(np.uint64).max)
"""The `row` of an example that only pads a micro-batch."""


class Source(Protocol):
    """Where the records of an epoch come from."""

    def read(self, epoch: int, start: int, stop: int) -> pa.Table:
        """The records that are trained on as number `start` to `stop` - 1 of the epoch."""
        ...


class InOrder:
    """The records of the shards by position, read forwards one row group at a time.

    Args:
        shards: the records.
        columns: the columns to read; `row` must be among them for `once`.
        once: leave out a record that has come before, so that n distinct records are read as
            number 0 to n - 1; for shards that repeat records. Reading must begin with 0 then.
    """

    def __init__(self, shards: Shards, columns: list[str], *, once: bool = False) -> None:
        self._shards = shards
        self._columns = columns
        self._once = once
        self._tables: Iterator[pa.Table] = iter(())
        self._buffer: pa.Table | None = None
        self._next = -1  # position of the first record of the buffer

    def read(self, epoch: int, start: int, stop: int) -> pa.Table:
        """The records at positions [start, stop) of the epoch."""
        buffer = self._buffer
        if start != self._next or buffer is None:
            self._tables = self._shards.tables(self._columns, start=start)
            if self._once:
                assert start == 0
                self._tables = distinct(self._tables)
            buffer = next(self._tables)
        while buffer.num_rows < stop - start:
            buffer = pa.concat_tables([buffer, next(self._tables)])
        self._buffer = buffer.slice(stop - start)
        self._next = stop
        return buffer.slice(0, stop - start)


def distinct(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The records whose `row` has not come before."""
    seen = np.zeros(0, dtype=bool)
    for table in tables:
        rows = table.column(ROW).to_numpy().astype(np.int64)
        if len(seen) <= rows.max():
            seen = np.concatenate((seen, np.zeros(rows.max() + 1, dtype=bool)))
        first = np.zeros(len(rows), dtype=bool)
        first[np.unique(rows, return_index=True)[1]] = True
        first &= ~seen[rows]
        seen[rows] = True
        yield table.filter(pa.array(first))


@dataclass(frozen=True, kw_only=True)
class StepBatch:
    """What one rank does in one optimiser step."""

    step: int
    """From 0."""
    epoch: int
    """From 0."""
    stop: int
    """Position in the epoch after the step: with the epoch, all the state that the data has."""
    micro_batches: list[Batch]
    """The rank's part of each global micro-batch."""
    sizes: list[int]
    """Records in each global micro-batch, all ranks together."""


@dataclass(frozen=True, kw_only=True)
class BatchStream:
    """The batches of one rank, in the order of the plan."""

    source: Source
    plan: BatchPlan
    task: Task
    rank: int = 0
    world_size: int = 1

    def steps(self, start_step: int = 0) -> Iterator[StepBatch]:
        """Every step from `start_step` on, encoded when it is asked for."""
        for step in range(start_step, self.plan.total_steps):
            epoch, start, stop = self.plan.batch(step)
            table = self.source.read(epoch, start, stop)
            ranges = self.plan.micro_batches(step)
            yield StepBatch(
                step=step,
                epoch=epoch,
                stop=stop,
                micro_batches=[
                    self._batch(table.slice(low - start, high - low)) for low, high in ranges
                ],
                sizes=[high - low for low, high in ranges],
            )

    def _batch(self, table: pa.Table) -> Batch:
        if self.world_size > 1:
            table = table.take(np.arange(self.rank, table.num_rows, self.world_size))
        return make_batch(self.task, table)


def make_batch(task: Task, table: pa.Table) -> Batch:
    """The records of `table` as one padded batch; a padding example if there are none."""
    examples = task.encode(table) if table.num_rows else [task.padding]
    inputs, targets = task.collate(examples)
    return Batch(
        inputs=inputs,
        targets=targets,
        units=torch.tensor([example.units for example in examples], dtype=torch.float64),
        rows=_column(table, ROW, NO_ROW, np.uint64),
        hardness=torch.from_numpy(_column(table, HARDNESS, UNDEFINED_HARDNESS, np.float64)),
        weight=torch.from_numpy(_column(table, WEIGHT, 0.0, np.float64))
        if WEIGHT in table.column_names
        else None,
        complete=all(example.units for example in examples),
    )


def _column(table: pa.Table, name: str, undefined: float | np.uint64, dtype: type) -> np.ndarray:
    """A column as a new array, `undefined` for nulls and for the one example that only pads."""
    if not table.num_rows:
        return np.full(1, undefined, dtype=dtype)
    column = pc.fill_null(table.column(name), undefined)
    return column.to_numpy().astype(dtype, copy=True)


def prefetched(
    make: Callable[[], Iterator[T]], depth: int = PREFETCHED_STEPS
) -> Generator[T, None, None]:
    """The items of `make()`, made in a background thread at most `depth` ahead.

    An exception in the thread is raised here in its place. Closing the generator ends the thread.
    """
    items: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=depth)
    closed = threading.Event()

    def put(item: T | None, error: BaseException | None) -> None:
        while not closed.is_set():
            try:
                items.put((item, error), timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in make():
                put(item, None)
                if closed.is_set():
                    return
        except BaseException as error:
            put(None, error)
        else:
            put(None, StopIteration())

    thread = threading.Thread(target=work, name="hardness-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item, error = items.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            assert item is not None
            yield item
    finally:
        closed.set()
        thread.join()
