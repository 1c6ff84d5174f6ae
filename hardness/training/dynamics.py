"""Training dynamics: what the model made of each record in each epoch.

Source: Swayamdipta et al. 2020, Dataset Cartography; Pleiss et al. 2020 (margin); Paul et al. 2021
(error norm).

Legend: m examples, T positions, V vocabulary, C classes, n trained tokens of a batch.
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
from hardness.training.examples import IGNORED, Batch

FIELDS = ("gold_logprob", "correct", "margin", "error_norm")
CHUNK_VALUES = 1 << 18
"""Logits looked at together, a megabyte: they stay in a CPU's cache from one use to the next."""


def observe_classes(logits: Tensor, targets: Tensor) -> Tensor:
    """What the logits of a classifier say about each example.

    With p = softmax(logits): ln p_gold; whether the greatest logit is the gold one; the gold logit
    minus the greatest other; ‖p - onehot‖₂.

    Args:
        logits: [m, C].
        targets: [m] class ids.

    Returns:
        [4, m] float32, in the order of `FIELDS`.
    """
    logits = logits.detach().float()
    gold = logits.gather(1, targets[:, None])[:, 0]
    others = logits.scatter(1, targets[:, None], -torch.inf).amax(1)
    norms = torch.logsumexp(logits, 1)
    probability = (gold - norms).exp()
    squares = torch.exp(2 * (logits - norms[:, None])).sum(1)
    error = (squares - 2 * probability + 1).clamp(min=0).sqrt()
    return torch.stack([gold - norms, (gold > others).float(), gold - others, error])


def observe_tokens(logits: Tensor, targets: Tensor) -> Tensor:
    """The same for a language model: means over each example's trained tokens.

    So `gold_logprob` is the log of the geometric mean probability, and `correct` the share of
    tokens that are the argmax.

    Args:
        logits: [m, T, V].
        targets: [m, T], IGNORED where nothing is trained.

    Returns:
        [4, m] float32; NaN for an example without trained tokens.
    """
    kept = targets != IGNORED
    flat, wanted = logits.detach().flatten(0, 1), targets.flatten()
    rows = max(1, CHUNK_VALUES // logits.shape[-1]) if logits.device.type == "cpu" else len(wanted)
    positions = kept.flatten().nonzero()[:, 0]
    each = logits.new_full((len(FIELDS), len(wanted)), 0.0, dtype=torch.float32)
    for part in positions.split(rows):
        each[:, part] = observe_classes(flat[part], wanted[part])
    return each.view(len(FIELDS), *targets.shape).sum(-1) / kept.sum(-1)


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

    def observe(self, batch: Batch, logits: Tensor) -> None:
        """Note what the model makes of a batch; nothing waits for the device.

        Args:
            batch: the batch.
            logits: [m, C] or [m, T, V].
        """
        observe = observe_classes if logits.ndim == 2 else observe_tokens
        with torch.no_grad():
            observed = observe(logits, batch.targets)
            observed = observed.masked_fill(batch.units == 0, torch.nan)  # undefined, so null
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
