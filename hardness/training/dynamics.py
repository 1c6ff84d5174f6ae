"""Training dynamics: what the model made of each record in each epoch.

Source: Swayamdipta et al. 2020, Dataset Cartography; Pleiss et al. 2020 (margin); Paul et al. 2021
(error norm).

Legend: m examples, T positions, V vocabulary, C classes.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from hardness.io.atomic import write_parquet
from hardness.training.data import NO_ROW
from hardness.training.examples import Batch
from hardness.training.observations import FIELDS


def discard_after(folder: Path, epochs: int) -> None:
    """Remove what was recorded of epochs after the first `epochs`: they will be recorded again."""
    for path in folder.glob("epoch-*"):
        if int(path.name.rpartition("-")[2]) > epochs:
            shutil.rmtree(path)


class Recorder:
    """Collects one rank's observations of an epoch and writes them as one file.

    Args:
        folder: `dynamics` in the folder of the run.
        rank: of this process.
        with_logits: keep the logits of each class too (classification).
    """

    def __init__(self, folder: Path, *, rank: int, with_logits: bool) -> None:
        self._folder = folder
        self._rank = rank
        self._with_logits = with_logits
        self._rows: list[np.ndarray] = []
        self._observed: list[Tensor] = []
        self._logits: list[Tensor] = []
        self._carried: list[pa.Table] = []

    def observe(self, batch: Batch, logits: Tensor, observed: Tensor) -> None:
        """Note what the model makes of a batch; nothing waits for the device.

        Args:
            batch: the batch.
            logits: [m, C] or [m, T, V]; only those of classes are kept, if any.
            observed: [4, m], in the order of `FIELDS`.
        """
        observed = observed.detach().masked_fill(batch.units == 0, torch.nan)  # undefined, so null
        self._observed.append(observed.to("cpu", non_blocking=True))
        if self._with_logits and logits.ndim == 2:
            self._logits.append(logits.detach().float().to("cpu", non_blocking=True))
        self._rows.append(batch.rows)

    def finish_epoch(self, epoch: int) -> Path:
        """Write what was observed in `epoch`, counted from 0, and start afresh."""
        path = self._folder / f"epoch-{epoch + 1:03d}" / f"rank-{self._rank}.parquet"
        write_parquet(path, self._table())
        self._clear()
        return path

    def save(self, folder: Path) -> None:
        """Write what was observed so far of the epoch into a checkpoint."""
        write_parquet(folder / f"dynamics-rank-{self._rank}.parquet", self._table())

    def restore(self, folder: Path, *, world_size: int) -> None:
        """Go on from a checkpoint, whatever the number of ranks that wrote it."""
        self._clear()
        paths = sorted(folder.glob("dynamics-rank-*.parquet"))
        self._carried = [
            pq.read_table(path)
            for path in paths
            if int(path.stem.rpartition("-")[2]) % world_size == self._rank
        ]

    def _clear(self) -> None:
        self._rows, self._observed, self._logits, self._carried = [], [], [], []

    def _table(self) -> pa.Table:
        if torch.cuda.is_available():
            torch.cuda.synchronize()  # the copies to the host have landed
        rows = np.concatenate([np.zeros(0, np.uint64), *self._rows])
        observed = np.zeros((len(FIELDS), 0), np.float32)
        if self._observed:
            observed = torch.cat(self._observed, 1).numpy()
        columns: dict[str, Any] = {"row": rows}
        columns |= {name: pa.array(observed[i], from_pandas=True) for i, name in enumerate(FIELDS)}
        if self._logits:
            columns["logits"] = [list(row) for part in self._logits for row in part.tolist()]
        table = pa.table(columns)
        if self._logits:
            table = table.cast(_with_small_logits(table.schema))
        table = table.filter(pa.array(rows != NO_ROW))
        return pa.concat_tables(
            [part for part in (*self._carried, table) if part.num_rows] or [table]
        )


def _with_small_logits(schema: pa.Schema) -> pa.Schema:
    index = schema.get_field_index("logits")
    return schema.set(index, pa.field("logits", pa.list_(pa.float32())))
