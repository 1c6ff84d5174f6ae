"""What a metric's runner is given and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from hardness.io.dataset import Dataset
from hardness.io.records import Reject
from hardness.io.table import MetricWriter
from hardness.stages.cluster import Cluster


@dataclass(frozen=True, kw_only=True)
class Run:
    """One metric to be computed for one dataset.

    Attributes:
        dataset: the records; part i of the metric belongs to its partition i.
        cluster: where stages run.
        writer: takes the parts; those it has already are not asked for again.
        rejects: records that could not be read are added here, in any order.
    """

    dataset: Dataset
    cluster: Cluster
    writer: MetricWriter
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a runner counted.

    Attributes:
        n_tokens: tokens scored; None for metrics that have none.
    """

    n_tokens: int | None = None
