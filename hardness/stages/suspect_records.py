"""Texts and labels of ranked records, read in few passes over the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from hardness.errors import HardnessError
from hardness.io.atomic import atomic_path
from hardness.io.dataset import Dataset
from hardness.io.records import Partition
from hardness.io.remote import ahead
from hardness.io.storage import Location, absolute
from hardness.io.text import join_columns

_EXPANSION = 8
"""Bytes in memory of a byte of data, a high guess."""
_FEWEST = 1000
"""Records that are gathered at a time however long they are."""


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """One ranked record.

    Attributes:
        row: its global row.
        id: its id, if the data has them.
        suspicion: 0 to 1, higher is more suspicious.
        scores: the scores it is ranked by.
        given: its label, as text.
        suggested: the label that the model suggests, as text; None where it suggests none.
        text: its text.
    """

    row: int
    id: Any
    suspicion: float
    scores: Mapping[str, float]
    given: str | None
    suggested: str | None
    text: str | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Ranked records without their texts.

    Attributes:
        rows: uint64 (n,) the likeliest wrong label first.
        suspicion: (n,).
        scores: (n,) each.
        suggested: (n,) labels as text; None where there are none.
        label: the data's label column.
    """

    rows: np.ndarray
    suspicion: np.ndarray
    scores: Mapping[str, np.ndarray]
    suggested: pl.Series | None
    label: str

    def frame(self, dataset: Dataset, start: int, stop: int) -> pl.DataFrame:
        """The records of ranks [start, stop) with texts and labels, in order of rank."""
        rows = self.rows[start:stop]
        columns: dict[str, Any] = {
            "rank": np.arange(start + 1, start + 1 + len(rows)),
            "row": rows,
            "suspicion": self.suspicion[start:stop],
        }
        columns |= {name: values[start:stop] for name, values in self.scores.items()}
        read = _read(dataset, np.sort(rows), self.label, texts=True)
        found = pl.DataFrame(columns).join(read, on="row", how="left", maintain_order="left")
        suggested = pl.Series("suggested", [None] * len(rows), pl.String)
        if self.suggested is not None:
            suggested = self.suggested[start:stop].alias("suggested")
        found = found.with_columns(suggested)
        first = ["rank", "row", *(["id"] if "id" in found.columns else []), "suspicion"]
        return found.select(*first, *self.scores, "given", "suggested", "text")


def read_suspects(dataset: Dataset, wanted: Wanted, n: int) -> tuple[Suspect, ...]:
    """The first n ranked records."""
    found = wanted.frame(dataset, 0, n)
    return tuple(
        Suspect(
            row=record["row"],
            id=record.get("id"),
            suspicion=record["suspicion"],
            scores={name: record[name] for name in wanted.scores},
            given=record["given"],
            suggested=record["suggested"],
            text=record["text"],
        )
        for record in found.iter_rows(named=True)
    )


def count_disagreeing(
    dataset: Dataset, label: str, suggestions: Callable[[], Iterator[pl.DataFrame]]
) -> int | None:
    """How many records are given another label than is suggested; None where none is.

    Args:
        dataset: the data.
        label: its label column.
        suggestions: gives `row` and `suggested` of some records at a time, in order of row.
    """
    given = _given(dataset, label)
    held = next(given, None)
    count, suggested, found = 0, set[str](), set[str | None]()
    for part in suggestions():
        while held is not None and len(part):
            both = part.join(held, on="row", how="inner")
            count += int((both["given"] != both["suggested"]).sum())
            found |= set(both["given"].unique())
            if held["row"][-1] >= part["row"][-1]:
                break
            held = next(given, None)
        suggested |= set(part["suggested"].unique().drop_nulls())
    if not suggested & found:  # none at all, or numbers of classes, which nobody named
        return None
    return count


def _given(dataset: Dataset, label: str) -> Iterator[pl.DataFrame]:
    """row and label as text, a partition at a time, those that are next read ahead."""

    def read(part: Partition) -> pl.DataFrame:
        records = dataset.read(part, [label])
        return pl.DataFrame(
            {"row": records.rows, "given": pl.from_arrow(_text(records.table.column(label)))}
        )

    for frame in ahead(read, dataset.partitions):
        if len(frame):
            yield frame


def write_suspects(path: Location, dataset: Dataset, wanted: Wanted, *, memory: int) -> None:
    """Write all ranked records into a file, as its ending says.

    Args:
        path: .jsonl, .csv or .parquet.
        dataset: the data.
        wanted: the records.
        memory: bytes; the data is read once for each so many bytes of records.

    Raises:
        HardnessError: the ending is unknown, or it is a file of the data.
    """
    open_writer = _WRITERS.get(Path(path.name).suffix.lower())
    if open_writer is None:
        raise HardnessError(
            f"output must end in {', '.join(_WRITERS)}, got {path.name!r}; rename it"
        )
    if absolute(path) in [file.original for file in dataset.files]:
        raise HardnessError(
            f"output must be another file than the data, got {path}; name a new one with -o"
        )
    each = _EXPANSION * sum(file.bytes for file in dataset.files) // max(1, dataset.rows)
    at_a_time = max(_FEWEST, int(memory // max(1, each)))
    with atomic_path(path) as temporary, open_writer(temporary) as write:
        for start in range(0, max(1, len(wanted.rows)), at_a_time):
            write(wanted.frame(dataset, start, start + at_a_time))


def _read(dataset: Dataset, rows: np.ndarray, label: str, *, texts: bool) -> pl.DataFrame:
    """row, id, label and text of some records, which are in order of row."""

    def read(part: Partition) -> pl.DataFrame | None:
        first, last = np.searchsorted(
            rows, np.array([part.start_row, part.start_row + part.rows], dtype=np.uint64)
        )
        if first == last:
            return None
        name = dataset.columns.id if texts else None
        columns = [label] if name is None else [label, name]
        records = dataset.read(part, list(dict.fromkeys(columns)), texts=texts)
        chosen = pa.array(np.searchsorted(records.rows, rows[first:last]))
        table = records.table.take(chosen)
        found = {"row": rows[first:last], "given": _text(table.column(label))}
        if name is not None:
            found["id"] = table.column(name)
        if texts:
            found["text"] = join_columns(table, dataset.columns.text)
        frame = pl.from_arrow(pa.table(found))
        assert isinstance(frame, pl.DataFrame)
        return frame

    with ThreadPoolExecutor() as pool:
        frames = [frame for frame in pool.map(read, dataset.partitions) if frame is not None]
    if not frames:
        empty = pl.Series("given", [], pl.String)
        return pl.DataFrame({"row": pl.Series([], dtype=pl.UInt64), "given": empty, "text": empty})
    return pl.concat(frames, how="vertical_relaxed")


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())


Write = Callable[[pl.DataFrame], object]


@contextmanager
def _jsonl(path: Path) -> Iterator[Write]:
    with open(path, "wb") as out:
        yield lambda frame: frame.write_ndjson(out)


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    with open(path, "wb") as out:
        yield lambda frame: frame.write_csv(out, include_header=out.tell() == 0)


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    writers: list[pq.ParquetWriter] = []

    def write(frame: pl.DataFrame) -> None:
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if not writers:
            writers.append(pq.ParquetWriter(path, table.schema, compression="zstd"))
        writers[0].write_table(table)

    try:
        yield write
    finally:
        for writer in writers:
            writer.close()


_WRITERS = {".jsonl": _jsonl, ".ndjson": _jsonl, ".csv": _csv, ".parquet": _parquet}
