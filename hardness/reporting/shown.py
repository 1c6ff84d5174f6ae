"""Choosing the records that the page shows by themselves, and reading what it shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from hardness.io.table import HardnessTable
from hardness.progress import Progress
from hardness.reporting.data_map import AXES, METRIC, SUGGESTED, MapCounts, count_map, placed
from hardness.reporting.examples import Chosen
from hardness.reporting.histograms import BINS, choose_bins
from hardness.reporting.records import (
    ScoreColumn,
    extremes,
    kept_columns,
    read_names,
    read_scores,
    read_texts_and_labels,
)
from hardness.reporting.sample import STRATUM, stratified_sample

RECORDS = 3_000
"""Records that one page shows by themselves, all tables together; with their texts they are what
its size is made of."""
LEAST_RECORDS = 200
"""Of each table, however many there are."""
ENDS = 20
"""Records at either end of every metric that are shown whatever the sample."""
TEXTS = ("label", "suggested", "text")
"""What is shown of a record besides its scores, where it is known."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is known of the records that are shown by themselves.

    Attributes:
        columns: the scores.
        frame: `row`, the fields of the scores, and those of `TEXTS` that are known, by row.
        sample: rows for the explorer; the others are examples.
        counts: of the data map; None without one.
    """

    columns: Sequence[ScoreColumn]
    frame: pl.DataFrame
    sample: np.ndarray
    counts: MapCounts | None

    @property
    def sampled(self) -> pl.DataFrame:
        """`frame` without the rows that are examples only."""
        return self.frame.filter(pl.Series(np.isin(self.frame["row"].to_numpy(), self.sample)))

    def texts(self) -> dict[int, dict[str, str]]:
        """Row to those of `TEXTS` that are known."""
        names = [name for name in TEXTS if name in self.frame.columns]
        if not names:
            return {}
        return {record.pop("row"): record for record in self.frame.select("row", *names).to_dicts()}


def read_shown(
    table: HardnessTable,
    by: str,
    chosen: Sequence[Chosen],
    *,
    text: bool,
    records: int,
    progress: Progress,
) -> Shown:
    """Choose the records that are shown, and read what is shown of them."""
    columns = kept_columns(table)
    has_map = METRIC in table.metrics and set(AXES) <= set(table.metric(METRIC).columns)
    progress.start("counting", 1, "tables")
    counts = count_map(table.frame(METRIC)) if has_map else None
    strata = placed(table.frame(METRIC), counts.reach) if counts else _strata(table, by)
    ends = [extremes(table, c.address, ENDS) for c in columns if c.primary and c.harder]
    sampled = stratified_sample(strata, records)
    sample = np.unique(np.concatenate([sampled, *ends]))
    rows = np.unique(np.concatenate([sample, *(np.array(c.rows, np.uint64) for c in chosen)]))
    frame = read_scores(table, rows, columns)
    if has_map and table.metric(METRIC).summary.get(SUGGESTED, {}).get("count"):
        frame = frame.join(read_names(table, f"{METRIC}.{SUGGESTED}", rows), on="row", how="left")
    progress.advance(1)
    if text:
        with table.dataset(on_error="skip") as dataset:
            texts = read_texts_and_labels(dataset, rows, progress)
        frame = frame.join(texts, on="row", how="left").sort("row")
    return Shown(columns=columns, frame=frame, sample=sample, counts=counts)


def _strata(table: HardnessTable, by: str) -> pl.LazyFrame:
    """Rows by the bin of a column that they lie in; those that lie in none are a stratum, too."""
    info, column = table.resolve(by)
    frame = info.frame()
    bins = choose_bins(info.summary[column]["quantiles"], whole=False)
    none = pl.lit(BINS, pl.UInt32)
    stratum = none if bins is None else bins.index(column).fill_null(none)
    return frame.select("row", stratum.alias(STRATUM))
