"""Training dynamics in every format that is read, and their maps by the definitions."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hardness.metrics.observations import observe_logits

LABELS = ("no", "maybe", "yes")
Epoch = dict[int, list[float]]
"""Row to logits."""


def make_epochs(n: int, *, epochs: int = 4, missing: float = 0.0, seed: int = 0) -> list[Epoch]:
    """Logits of three classes, of each row in each epoch but for a share that is missing."""
    rng = np.random.default_rng(seed)
    return [
        {
            row: (rng.normal(size=3) * 2).round(9).tolist()
            for row in range(n)
            if rng.random() >= missing
        }
        for _ in range(epochs)
    ]


def gold_of(row: int) -> int:
    return (row * 7 + row // 5) % 3


def write_data(path: Path, n: int, *, ids: str | None = "int") -> Path:
    """Records with a text, a label and an id."""
    with open(path, "w") as out:
        for row in range(n):
            record: dict[str, Any] = {"text": f"record {row}", "label": LABELS[gold_of(row)]}
            if ids is not None:
                record["id"] = guid_of(row) if ids == "int" else f"id-{row}"
            out.write(json.dumps(record) + "\n")
    return path


def guid_of(row: int) -> int:
    """Beyond what a float64 tells apart."""
    return 2**53 + 1 + row


def write_jsonl(folder: Path, epochs: list[Epoch], *, ids: str | None = "int") -> Path:
    """As allenai/cartography does, in an order of its own for each epoch."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, epoch in enumerate(epochs):
        rows = np.random.default_rng(number).permutation(sorted(epoch)).tolist()
        with open(folder / f"dynamics_epoch_{number}.jsonl", "w") as out:
            for row in rows:
                guid = {"int": guid_of(row), "string": f"id-{row}", None: row}[ids]
                record = {"guid": guid, f"logits_epoch_{number}": epoch[row], "gold": gold_of(row)}
                out.write(json.dumps(record) + "\n")
    return folder


def write_parquet(
    folder: Path,
    epochs: list[Epoch],
    *,
    ranks: int = 2,
    logits: bool = False,
    predicted: bool = False,
    group: int = 7,
) -> Path:
    """As this project's recorder does, several ranks and small row groups."""
    for number, epoch in enumerate(epochs):
        rows = np.random.default_rng(number).permutation(sorted(epoch))
        for rank in range(ranks):
            path = folder / f"epoch-{number + 1:03d}" / f"rank-{rank}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            table = observations(rows[rank::ranks], epoch, logits=logits, predicted=predicted)
            pq.write_table(table, path, row_group_size=group)
    return folder


def observations(
    rows: np.ndarray, epoch: Epoch, *, logits: bool = False, predicted: bool = False
) -> pa.Table:
    """The columns of one file."""
    values = np.array([epoch[row] for row in rows.tolist()])
    found = observe_logits(values, np.array([gold_of(row) for row in rows.tolist()]))
    columns: dict[str, Any] = {"row": rows.astype(np.uint64)}
    columns["gold_logprob"] = found.gold_logprob.astype(np.float32)
    columns["correct"] = found.correct.astype(bool)
    columns["margin"] = found.margin.astype(np.float32)
    columns["error_norm"] = found.error_norm.astype(np.float32)
    if logits:
        columns["logits"] = pa.array(values.tolist(), pa.list_(pa.float32()))
    if predicted:
        columns["predicted"] = [LABELS[i] for i in found.predicted]
    return pa.table(columns)


def expected(row: int, epochs: list[Epoch]) -> dict[str, Any]:
    """The map's numbers of one record, by their definitions."""
    seen = [epoch[row] for epoch in epochs if row in epoch]
    if not seen:
        return {"n_epochs": 0}
    gold = gold_of(row)
    ps = []
    for logits in seen:
        exponents = [math.exp(x) for x in logits]
        ps.append([x / sum(exponents) for x in exponents])
    p = [each[gold] for each in ps]
    guesses = [max(range(3), key=logits.__getitem__) for logits in seen]
    right = [guess == gold for guess in guesses]
    mean = sum(p) / len(p)
    norms = [math.sqrt(sum((x - (c == gold)) ** 2 for c, x in enumerate(each))) for each in ps]
    margins = [x[gold] - max(y for c, y in enumerate(x) if c != gold) for x in seen]
    pairs = pairwise(right)
    often = max(map(guesses.count, guesses))
    return {
        "confidence": mean,
        "variability": math.sqrt(sum((x - mean) ** 2 for x in p) / len(p)),
        "correctness": sum(right) / len(right),
        "forgetting": sum(a and not b for a, b in pairs) if any(right) else None,
        "never_learnt": not any(right),
        "threshold_closeness": mean * (1 - mean),
        "aum": sum(margins) / len(margins),
        "el2n": sum(norms) / len(norms),
        "mean_loss": -sum(map(math.log, p)) / len(p),
        "n_epochs": len(seen),
        "suggested": LABELS[[g for g in guesses if guesses.count(g) == often][-1]],
    }
