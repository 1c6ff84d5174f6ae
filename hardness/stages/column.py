"""Scores that the data already carries, as a stage: read them and write them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from hardness.io.dataset import Dataset
from hardness.io.numbers import numbers, with_numbers
from hardness.io.records import Columns, Partition, Records
from hardness.metrics.base import Metric
from hardness.metrics.column import ColumnConfig
from hardness.metrics.given import check_name, harder_end
from hardness.stages.parts import write_parts
from hardness.stages.run import Run, Tally


def settle(metric: Metric, config: ColumnConfig, dataset: Dataset) -> Metric:
    """The metric under the name that is asked for, with the direction that is.

    Raises:
        HardnessError: the name cannot be a metric's, or the column holds no numbers.
    """
    with_numbers(dataset, [config.column])
    (column,) = metric.columns
    return replace(
        metric,
        name=check_name(config.name or metric.name, metric.name),
        columns=(replace(column, harder=harder_end(str(config.higher))),),
    )


def parameters(config: ColumnConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores, beside the direction."""
    return {"column": config.column}


def store_bytes(config: ColumnConfig, dataset: Dataset) -> tuple[int, int]:
    """Nothing is kept for later stages."""
    return 0, 0


def run(task: Run, config: ColumnConfig) -> Tally:
    """Write the column of every record of the task's dataset."""
    dataset = with_numbers(task.dataset, [config.column])
    score = partial(_score, column=config.column)
    _, rejects = write_parts(task, dataset, [config.column], score)
    return Tally(rejects=rejects)


def _score(
    partition: Partition, records: Records, *, column: str
) -> tuple[dict[str, pa.Array], dict[str, int]]:
    return {"value": numbers(records.table.column(column))}, {}
