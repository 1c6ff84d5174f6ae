"""The records that the page shows by themselves: their texts, labels and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow as pa

from hardness.io.dataset import Dataset
from hardness.io.metric import full_name
from hardness.io.table import HardnessTable
from hardness.io.text import join_columns
from hardness.progress import Progress
from hardness.reporting.data_map import AXES, METRIC

TEXT_CHARACTERS = 300
"""Longer texts are cut there, which bounds the page."""
LABEL_CHARACTERS = 60
MOST_SCORES = 24
"""Columns of scores that are kept with each record."""


@dataclass(frozen=True, kw_only=True)
class ScoreColumn:
    """A column that the page keeps with each record.

    Attributes:
        metric, column: where it is in the table.
        field: what it is called in the page's data.
        harder: which end is harder; None where it says nothing of hardness.
        primary: it is its metric's primary column.
    """

    metric: str
    column: str
    field: str
    harder: str | None
    primary: bool

    @property
    def name(self) -> str:
        """What readers see."""
        return full_name(self.metric, self.column)

    @property
    def placing(self) -> bool:
        """Whether the data map places or colours records by it."""
        return self.metric == METRIC and self.column in AXES

    @property
    def address(self) -> str:
        """What a table finds it by."""
        return f"{self.metric}.{self.column}"


def kept_columns(table: HardnessTable) -> list[ScoreColumn]:
    """The numeric columns of a table; where there are too many, those that no figure needs go."""
    found = [
        ScoreColumn(
            metric=info.name,
            column=column,
            field="",
            harder=info.directions.get(column),
            primary=column == info.columns[0],
        )
        for info in (table.metric(name) for name in table.metrics)
        for column in info.columns
        if "mean" in info.summary[column]  # numbers and booleans
    ]
    if len(found) > MOST_SCORES:
        found = sorted(found, key=lambda column: (not column.placing, not column.primary))
        found = found[:MOST_SCORES]
    return [replace(column, field=f"c{index}") for index, column in enumerate(found)]


def extremes(table: HardnessTable, name: str, count: int) -> np.ndarray:
    """Rows at both ends of a column: the easiest and the hardest, u64."""
    scores = table.column(name).drop_nulls("value")
    value = pl.col("value").cast(pl.Float64)
    ends = [scores.bottom_k(count, by=[sign * value, pl.col("row")]) for sign in (1, -1)]
    found = pl.collect_all(ends, engine="streaming")
    return np.concatenate([end["row"].to_numpy() for end in found])


def read_scores(
    table: HardnessTable, rows: np.ndarray, columns: Sequence[ScoreColumn]
) -> pl.DataFrame:
    """`row` and the fields of some columns, for some rows, in order of row."""
    wanted = pl.DataFrame({"row": np.unique(rows).astype(np.uint64)})
    frames = []
    for column in columns:
        values = table.column(column.address).join(wanted.lazy(), on="row", how="semi")
        frames.append(values.rename({"value": column.field}))
    for frame in pl.collect_all(frames, engine="streaming"):
        wanted = wanted.join(frame, on="row", how="left")
    return wanted.sort("row")


def read_names(table: HardnessTable, address: str, rows: np.ndarray) -> pl.DataFrame:
    """`row` and a column of names, shortened, for some rows."""
    name = address.partition(".")[2]
    wanted = pl.LazyFrame({"row": np.unique(rows).astype(np.uint64)})
    found = table.column(address).join(wanted, on="row", how="semi")
    named = found.select("row", pl.col("value").cast(pl.String).alias(name))
    return named.select("row", _cut(name, LABEL_CHARACTERS)).collect(engine="streaming")


def read_texts_and_labels(dataset: Dataset, rows: np.ndarray, progress: Progress) -> pl.DataFrame:
    """Text and label of some records, shortened; null where there is none.

    Reads the partitions that the rows lie in one after the other, so that one is in memory.

    Args:
        dataset: the data.
        rows: (n,) u64 global rows.
        progress: is told of every partition.

    Returns:
        `row`, `text` and, where the data has one, `label`, in order of row.
    """
    wanted = np.unique(rows).astype(np.uint64)
    label = dataset.columns.label
    parts: list[pl.DataFrame] = []
    progress.start("texts", len(dataset.partitions), "partitions")
    for partition in dataset.partitions:
        start, stop = partition.start_row, partition.start_row + partition.rows
        here = wanted[(wanted >= start) & (wanted < stop)]
        if len(here):
            records = dataset.read(partition, [label] if label else [], texts=True)
            chosen = np.flatnonzero(np.isin(records.rows, here))
            table = records.table.take(pa.array(chosen))
            columns = {
                "row": records.rows[chosen],
                "text": join_columns(table, dataset.columns.text),
            }
            if label:
                columns["label"] = table.column(label).cast(pa.string())
            parts.append(_shortened(pl.DataFrame(columns)))
        progress.advance(1)
    if not parts:
        kinds = {"row": pl.UInt64, "text": pl.String} | ({"label": pl.String} if label else {})
        return pl.DataFrame(schema=kinds)
    return pl.concat(parts).sort("row")


def _shortened(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        _cut(name, length)
        for name, length in (("text", TEXT_CHARACTERS), ("label", LABEL_CHARACTERS))
        if name in frame.columns
    )


def _cut(name: str, length: int) -> pl.Expr:
    column = pl.col(name).str.replace_all(r"\s+", " ").str.strip_chars()
    short = pl.concat_str(column.str.slice(0, length - 1), pl.lit("…"))
    return pl.when(column.str.len_chars() > length).then(short).otherwise(column).alias(name)
