"""Loss and accuracy on records that are not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch

from hardness.curriculum.manifest import MANIFEST_NAME, Manifest
from hardness.curriculum.shards import open_shards
from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from hardness.io.storage import locate
from hardness.training.examples import Example
from hardness.training.parallel import World
from hardness.training.tasks import Task


@dataclass(frozen=True, kw_only=True)
class EvalSet:
    """Encoded records to evaluate on."""

    examples: Sequence[Example]
    digest: str
    """Digest of the data that they come from."""


def load_eval_set(
    paths: str | Path | Sequence[str | Path], task: Task, manifest: Manifest
) -> EvalSet:
    """Read and encode the records of dataset files or of a folder of shards.

    Raises:
        HardnessError: the data cannot be read or lacks a column that the task needs.
    """
    paths = [paths] if isinstance(paths, str | Path) else list(paths)
    if len(paths) == 1 and (locate(paths[0]) / MANIFEST_NAME).is_file():
        shards = open_shards(paths[0])
        _check_columns(shards.columns, task)
        tables: Iterable[pa.Table] = shards.tables(list(task.columns))
        examples = [example for table in tables for example in task.encode(table)]
        return EvalSet(examples=examples, digest=shards.manifest.digest)
    columns = manifest.columns
    label = columns.label if columns.label in task.columns else None
    with open_dataset(paths, text=list(columns.text), label=label) as dataset:
        examples = []
        for partition in dataset.partitions:
            table = dataset.read(partition, columns=None).table
            _check_columns(table.column_names, task)
            examples += task.encode(table)
        dataset.check_unchanged()
        return EvalSet(examples=examples, digest=dataset.digest)


def _check_columns(found: Sequence[str], task: Task) -> None:
    missing = [name for name in task.columns if name not in found]
    if missing:
        raise HardnessError(
            f"eval must have the columns {', '.join(task.columns)}, got no {', '.join(missing)}; "
            "evaluate on data with the columns of the training data"
        )


def evaluate(
    model: Any, task: Task, data: EvalSet, *, world: World, batch_size: int
) -> Mapping[str, Any]:
    """The task's metrics over all units of the data: samples, or trained tokens.

    Args:
        model: the model, wrapped or not; its training mode is restored.
        task: how examples become batches and logits become losses.
        data: the encoded records.
        world: the ranks that share the work.
        batch_size: records in a global batch.
    """
    training = model.training
    model.eval()
    # Alike lengths together waste no padding; sums do not mind the order.
    order = sorted(range(len(data.examples)), key=lambda i: len(data.examples[i].ids))
    sums = torch.zeros(4, dtype=torch.float64, device=world.device)
    with torch.no_grad():
        for start in range(0, len(order), batch_size):
            mine = order[start : start + batch_size][world.rank :: world.size]
            examples = [data.examples[i] for i in mine] or [task.padding]
            inputs, targets = task.collate(examples)
            units = torch.tensor([e.units for e in examples], dtype=torch.float64)
            units, targets = units.to(world.device), targets.to(world.device)
            logits = model(**{k: v.to(world.device) for k, v in inputs.items()}).logits
            losses = task.losses(logits, targets).double()
            used = units > 0
            zero = torch.zeros((), dtype=torch.float64, device=world.device)
            sums += torch.stack(
                [
                    (torch.where(used, losses, zero) * units).sum(),
                    (torch.where(used, task.hits(logits, targets), zero) * units).sum(),
                    units.sum(),
                    used.sum().double(),
                ]
            )
    model.train(training)
    loss, hits, units_total, samples = world.sum(sums).tolist()
    if not units_total:
        raise HardnessError(
            "eval must have at least one record that is not empty, got none; "
            "check --eval and --max-length"
        )
    counts = {"samples": int(samples), "units": int(units_total)}
    return {**task.summary(loss=loss / units_total, hits=hits / units_total), **counts}
