"""Writing one metric's folder in a hardness table: planned first, part by part, summed up last.

    perplexity/plan.json            what is being computed, over which partitions
    perplexity/part-00000.parquet   row, id, then the metric's columns, the primary one first
    perplexity/metric.json          what was computed, and the parts; its presence means complete

Parts are trusted only under a plan equal to the one asked for, so results of other parameters, data
or partitions are never mixed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hardness import __version__
from hardness.io.arrow import from_numpy, pc, to_numpy
from hardness.io.atomic import write_json, write_parquet
from hardness.io.copies import local_copies
from hardness.io.digest import file_digest
from hardness.io.metric import DONE, PLAN, SCHEMA_VERSION, MetricInfo, read_metric
from hardness.io.opening import Opening
from hardness.io.storage import Location, open_parquet, read_metadata, sizes

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_TEMPORARY = ".*.tmp-*"
RESULT = ("name", "parameters", "columns", "types", "directions", "dataset", "inputs")


@dataclass(frozen=True, kw_only=True)
class MetricWriter:
    """Writes one metric's parts; made by `HardnessTable.metric_writer`.

    It can be pickled, so that workers write the parts they compute.
    """

    path: Location
    opening: Opening
    """The table that the metric belongs to."""
    plan: dict[str, Any]
    schema: pa.Schema
    """The metric's columns."""
    status: str
    """"complete": nothing to do; "resume": some parts are there; "new": none is."""
    replaced: bool
    """Results of other parameters, data or partitions are there until `begin`."""
    done: frozenset[int]
    """The parts that are there."""

    @property
    def missing(self) -> list[int]:
        """The parts to compute, in order; empty when the metric is complete."""
        if self.status == "complete":
            return []
        return [index for index in range(len(self.plan["parts"])) if index not in self.done]

    def begin(self) -> None:
        """Take the place of what was there, so that parts can be written.

        Until then nothing in the table changes: a run that fails while it reads its data, or is
        given a wrong option, leaves what it was to replace. To be called once, by the process that
        made the writer, before the first part; also for a complete metric. What a run that was
        killed was writing is removed.
        """
        for folder in (self.opening.path, self.path):
            for path in folder.glob(_TEMPORARY):
                path.unlink(missing_ok=True)
        if self.opening.stale:
            for file in (
                *self.opening.path.glob(f"*/{PLAN}"),
                *self.opening.path.glob(f"*/{DONE}"),
            ):
                wipe(file.parent)
        if self.status == "new":
            wipe(self.path)
            write_json(self.path / PLAN, self.plan)
        self.opening.write()

    def write(
        self,
        index: int,
        rows: np.ndarray,
        columns: Mapping[str, Any],
        *,
        ids: pa.Array | pa.ChunkedArray | None = None,
    ) -> None:
        """Write one part.

        Args:
            index: of the partition.
            rows: uint64[records], increasing, within the partition; rejected records are absent.
            columns: the metric's columns, each [records] in any form Arrow takes, nulls where
                undefined.
            ids: the records' ids, if the data has them.

        Raises:
            ValueError: the columns are not the planned ones, a value is NaN, or a row lies outside
                the partition.
        """
        if list(columns) != self.schema.names:
            raise ValueError(
                f"columns must be {', '.join(self.schema.names)}, got {', '.join(columns)}; "
                "write what the metric declares"
            )
        rows = np.asarray(rows, dtype=np.uint64)
        start, count = self.plan["parts"][index]
        inside = rows.size == 0 or (rows[0] >= start and rows[-1] < start + count)
        if not inside or np.any(rows[1:] <= rows[:-1]):
            raise ValueError(
                f"rows of part {index} must increase within [{start}, {start + count}), "
                f"got {rows[:1]} to {rows[-1:]}; number them as the partition does"
            )
        named: dict[str, Any] = {"row": from_numpy(rows)}
        if ids is not None:
            named["id"] = ids
        for field in self.schema:
            named[field.name] = _typed(field.name, columns[field.name], field.type)
        table = pa.table(named)
        write_parquet(self.path / part_name(index), table, **_encodings(table.schema))

    def read(self, index: int, columns: Sequence[str]) -> pa.Table:
        """Some of the metric's columns of a part that is there."""
        with open_parquet(self.path / part_name(index)) as part:
            return part.read(columns=list(columns))

    def finish(self, *, seconds: float, extra: Mapping[str, Any] | None = None) -> MetricInfo:
        """Sum up the parts and write metric.json, which makes the metric complete.

        Args:
            seconds: the time it took, resumed runs excluded.
            extra: further JSON-like facts, for example counts of rejected records.

        Raises:
            ValueError: a part is missing.
        """
        names = [part_name(index) for index in range(len(self.plan["parts"]))]
        bytes_of = sizes(self.path)
        lacking = [name for name in names if name not in bytes_of]
        if lacking:
            raise ValueError(f"parts must all be written, got no {lacking[0]}; write it first")
        columns = self.schema.names
        with local_copies([self.path / name for name in names]) as paths:
            rows = [read_metadata(path).num_rows for path in paths]
            summary = {field.name: _summary(paths, field) for field in self.schema}
            digests = [file_digest(path) for path in paths]
        content = {
            "schema_version": SCHEMA_VERSION,
            **{key: self.plan[key] for key in RESULT},
            "direction": self.plan["directions"][columns[0]],
            "code_version": __version__,
            "rows": sum(rows),
            "summary": summary,
            "seconds": round(seconds, 3),
            **(extra or {}),
            "parts": [
                {"name": name, "rows": count, "bytes": bytes_of[name], "xxh3_128": digest}
                for name, count, digest in zip(names, rows, digests, strict=True)
            ],
        }
        write_json(self.path / DONE, content)
        info = read_metric(self.path)
        assert info is not None
        return info


def _encodings(schema: pa.Schema) -> dict[str, Any]:
    """Parquet encodings that suit scores: no dictionaries of values that hardly ever repeat.

    A third of the time to write, and a third less to store, than with Arrow's defaults.
    """
    encodings = {"row": "DELTA_BINARY_PACKED"}
    repeated = []
    for field in schema:
        if pa.types.is_floating(field.type):
            encodings[field.name] = "BYTE_STREAM_SPLIT"
        elif field.name not in ("row", "id"):
            repeated.append(field.name)
    return {"use_dictionary": repeated, "column_encoding": encodings}


def part_name(index: int) -> str:
    """The file name of a part."""
    return f"part-{index:05d}.parquet"


def _typed(name: str, values: Any, kind: pa.DataType) -> Any:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        array = values.cast(kind)
    elif isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        array = from_numpy(values).cast(kind)
    else:
        array = pa.array(values, kind)
    if pa.types.is_floating(kind) and pc.any(pc.is_nan(array)).as_py():
        raise ValueError(f"{name} must be null where it is undefined, got NaN; write null")
    return array


def wipe(folder: Location) -> bool:
    """Remove a metric's files; whether there were any parts.

    In this order, so that what a crash leaves is never more than an unfinished plan.
    """
    (folder / DONE).unlink(missing_ok=True)
    parts = sorted(folder.glob("part-*.parquet")) + sorted(folder.glob(_TEMPORARY))
    for path in parts:
        path.unlink(missing_ok=True)
    (folder / PLAN).unlink(missing_ok=True)
    return bool(parts)


def _summary(paths: Sequence[Location], field: pa.Field) -> dict[str, Any]:
    def read(path: Location) -> pa.ChunkedArray:
        return open_parquet(path).read([field.name]).column(0)

    with ThreadPoolExecutor() as pool:
        chunks = [chunk for part in pool.map(read, paths) for chunk in part.chunks]
    values = pa.chunked_array(chunks, type=field.type)
    counts = {"count": len(values) - values.null_count, "nulls": values.null_count}
    if not (_is_number(values.type) or pa.types.is_boolean(values.type)):
        return counts
    # Of whole numbers beyond 2^53, as of others, the nearest that 64 bits of floating point hold.
    numbers = np.sort(to_numpy(values.drop_null().cast(pa.float64(), safe=False)))
    if numbers.size == 0:
        return counts | {"mean": None, "quantiles": {}}
    # Sorted first, so that the mean does not depend on the order of addition.
    with np.errstate(invalid="ignore"):
        mean = float(np.mean(numbers))
    quantiles = {f"{q:g}": _finite(quantile(numbers, q)) for q in QUANTILES}
    return counts | {"mean": _finite(mean), "quantiles": quantiles}


def quantile(numbers: np.ndarray, q: float) -> float:
    """A quantile of sorted float64 (n,) numbers.

    Of finite ones, to the bit what `np.quantile` gives, which would sort them once more in part.
    """
    place = q * (len(numbers) - 1)
    below = int(place)
    share = place - below
    low, high = float(numbers[below]), float(numbers[min(below + 1, len(numbers) - 1)])
    between = low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share)
    # Between a finite and an infinite score there is nothing to interpolate.
    return low if math.isnan(between) else between


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
