"""Parquet files as lazy polars frames, wherever they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

from hardness.io.remote import RemotePath, ahead
from hardness.io.storage import Location, open_parquet


def scan_parquet(paths: Sequence[Location]) -> pl.LazyFrame:
    """The rows of Parquet files of one schema, in order, lazily.

    Polars has clients of its own for stores, with ways of their own to find credentials, so what
    is remote is read for it.
    """
    if not any(isinstance(path, RemotePath) for path in paths):
        return pl.scan_parquet([path for path in paths if isinstance(path, Path)], glob=False)
    from polars.io.plugins import register_io_source

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        tables = ahead(lambda path: open_parquet(path).read(columns=columns), paths)
        for frame in map(_frame, tables):
            frame = frame if rows is None else frame.head(rows)
            rows = None if rows is None else rows - len(frame)
            yield frame if predicate is None else frame.filter(predicate)
            if rows == 0:
                return

    empty = _frame(open_parquet(paths[0]).schema_arrow.empty_table())
    return register_io_source(read, schema=empty.schema)


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
