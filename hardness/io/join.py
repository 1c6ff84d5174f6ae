"""Several metrics of one table as one lazy frame."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from hardness.io.metric import MetricInfo


def join_metrics(infos: Sequence[MetricInfo]) -> pl.LazyFrame:
    """Finished metrics joined on row, in order of row.

    Args:
        infos: at least one.

    Returns:
        row, id where some metric has it, then `metric` (the primary column) and `metric.column` of
        each.

    Raises:
        HardnessError: a part is missing or cut short.
    """
    frames = [_prefixed(info) for info in infos]
    joined = frames[0]
    for frame in frames[1:]:
        joined = joined.join(frame, on="row", how="full", coalesce=True)
    with_id = [f"{info.name}.id" for info in infos if _has_id(info)]
    ids = [pl.coalesce(with_id).alias("id")] if with_id else []
    scores = pl.exclude("row", *with_id)
    return joined.select("row", *ids, scores).sort("row")


def _prefixed(info: MetricInfo) -> pl.LazyFrame:
    names = {column: f"{info.name}.{column}" for column in ("id", *info.columns)}
    names[info.columns[0]] = info.name
    return info.frame().rename(names, strict=False)


def _has_id(info: MetricInfo) -> bool:
    return "id" in info.frame().collect_schema()
