"""What a metric's runner is given and what it returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from hardness.io.dataset import Dataset
from hardness.io.records import Reject
from hardness.metrics.base import Metric
from hardness.stages.cluster import Cluster
from hardness.stages.store import Store


class PartWriter(Protocol):
    """Takes the parts of a metric's table; can be sent to workers."""

    @property
    def missing(self) -> list[int]:
        """The parts that no former run wrote."""
        ...

    def begin(self) -> None:
        """Make room for the parts; called once, before the first is written."""
        ...

    def write(
        self,
        index: int,
        rows: np.ndarray,
        columns: Mapping[str, Any],
        *,
        ids: pa.Array | pa.ChunkedArray | None = None,
    ) -> None:
        """Write one part, complete or not at all; see `hardness.io.metric_writer`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Run:
    """One metric to be computed for one dataset.

    Attributes:
        metric: what is asked for; several may share a stage, which writes the columns of this one.
        dataset: the records; part i of the metric belongs to its partition i.
        cluster: where stages run.
        store: where stages leave what later stages need.
        writer: takes the parts that are missing; the runner calls its `begin` when it has read the
            data and is ready to write.
        reading: options of `hardness.io.dataset.open_dataset` for other files than the data: where
            plain copies go that every worker sees, and how large partitions may be.
    """

    metric: Metric
    dataset: Dataset
    cluster: Cluster
    store: Store
    writer: PartWriter
    reading: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a runner found on its way.

    Attributes:
        n_tokens: tokens scored; None for metrics that have none.
        rejects: records that could not be read.
        facts: what else metric.json should tell, JSON-like.
        notes: what the user should be told, a line each; kept in metric.json, too.
    """

    n_tokens: int | None = None
    rejects: list[Reject] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def rejects_of(results: Iterable[Mapping[str, Any]]) -> list[Reject]:
    """The bad records of all tasks, whose results hold the fields of each under `rejects`."""
    return [Reject(**reject) for result in results for reject in result["rejects"]]
