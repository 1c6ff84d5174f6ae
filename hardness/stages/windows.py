"""Columns of a hardness table, a part after the other, so that memory does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from hardness.io.storage import open_parquet
from hardness.io.table import HardnessTable


def windows(table: HardnessTable, columns: Mapping[str, str]) -> Iterator[pl.DataFrame]:
    """`row` and columns, in order of row.

    Args:
        table: has the columns.
        columns: what each is to be called, to `metric` or `metric.column`. The first one's metric
            says which rows there are; where another has none, its value is null.

    Raises:
        HardnessError: there is no such column, or a part is missing or cut short.
    """
    wanted: dict[str, list[tuple[str, str]]] = {}
    for alias, name in columns.items():
        info, column = table.resolve(name)
        wanted.setdefault(info.name, []).append((alias, column))
    first, *others = (_parts(table, name, pairs) for name, pairs in wanted.items())
    further = [_Ahead(parts) for parts in others]
    for window in first:
        last = int(window["row"][-1]) if len(window) else -1
        for other in further:
            window = window.join(other.until(last), on="row", how="left", maintain_order="left")
        yield window


def _parts(
    table: HardnessTable, metric: str, pairs: list[tuple[str, str]]
) -> Iterator[pl.DataFrame]:
    for path in table.metric(metric).parts():
        with open_parquet(path) as file:
            read = file.read(list(dict.fromkeys(["row", *(column for _, column in pairs)])))
        frame = pl.from_arrow(read)
        assert isinstance(frame, pl.DataFrame)
        yield frame.select("row", *(pl.col(column).alias(alias) for alias, column in pairs))


class _Ahead:
    """The parts of a metric whose cuts are not those of the one that is followed."""

    def __init__(self, parts: Iterator[pl.DataFrame]) -> None:
        self._parts = parts
        self._held = next(parts)

    def until(self, row: int) -> pl.DataFrame:
        """Everything up to a row that was not returned before, which is no less than the last;
        nothing up to -1."""
        if row < 0:
            return self._held[:0]
        held = [self._held]
        while held[-1].is_empty() or held[-1]["row"][-1] < row:
            part = next(self._parts, None)
            if part is None:
                break
            held.append(part)
        whole = pl.concat(held)
        cut = int(np.searchsorted(whole["row"].to_numpy(), np.uint64(row), side="right"))
        self._held = whole[cut:]
        return whole[:cut]
