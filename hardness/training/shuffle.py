"""A new order each epoch, the same for every number of ranks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from hardness.curriculum.shards import Shards


class Shuffled:
    """The records of the shards in an order drawn for each epoch from (seed, epoch) alone.

    Parquet cannot be read at random, so the columns that are needed are first copied into an
    uncompressed Arrow file, which is memory-mapped and has no name: it is gone with the process.

    Args:
        shards: the records.
        columns: the columns to read.
        seed: of the orders.
        folder: where there is room for the copy.
    """

    def __init__(self, shards: Shards, columns: list[str], *, seed: int, folder: Path) -> None:
        self._seed = seed
        self._epoch = -1
        self._order = np.zeros(0, np.int64)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".shuffle.tmp-") as file:
            schema = pa.schema([shards.schema.field(name) for name in columns])
            with pa.ipc.new_file(file, schema) as writer:
                for table in shards.tables(columns):
                    writer.write_table(table)
            file.flush()
            self._table = pa.ipc.open_file(pa.memory_map(file.name)).read_all()

    def read(self, epoch: int, start: int, stop: int) -> pa.Table:
        """The records that are trained on as number `start` to `stop` - 1 of the epoch."""
        if epoch != self._epoch:
            generator = np.random.default_rng([self._seed, epoch])
            self._order = generator.permutation(self._table.num_rows)
            self._epoch = epoch
        return self._table.take(self._order[start:stop])
