"""Writing one metric's folder in a hardness table: planned first, part by part, summed up last.

    perplexity/plan.json            what is being computed, over which partitions
    perplexity/part-00000.parquet   row, id, then the metric's columns, the primary one first
    perplexity/metric.json          what was computed, and the parts; its presence means complete

Parts are trusted only under a plan equal to the one asked for, so results of other parameters, data
or partitions are never mixed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hardness import __version__
from hardness.direction import DIRECTIONS
from hardness.errors import HardnessError
from hardness.io.arrow import pc
from hardness.io.atomic import read_json, write_json, write_parquet
from hardness.io.copies import local_copies
from hardness.io.digest import file_digest, object_digest
from hardness.io.metric import DONE, PLAN, SCHEMA_VERSION, MetricInfo, read_metric
from hardness.io.metric_summary import summarise
from hardness.io.storage import Location, of_each, read_metadata, sizes

DATASET = "dataset.json"
_TEMPORARY = ".*.tmp-*"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:+-]*")
_RESULT = ("name", "parameters", "columns", "types", "directions", "dataset", "inputs")


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A table as it will be once one of its metrics is begun."""

    path: Location
    content: dict[str, Any]
    """All of dataset.json."""
    stale: bool
    """The folder holds scores of other data, which will be removed."""

    def claim(self) -> None:
        """Write dataset.json where there is none, so that a folder begun is known as a table."""
        if not (self.path / DATASET).is_file():
            self.write()

    def write(self) -> None:
        """Write dataset.json unless it says the same already."""
        path = self.path / DATASET
        if not path.is_file() or object_digest(read_json(path)) != object_digest(self.content):
            write_json(path, self.content)


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
        named: dict[str, Any] = {"row": pa.array(rows, pa.uint64())}
        if ids is not None:
            named["id"] = ids
        for field in self.schema:
            named[field.name] = _typed(field.name, columns[field.name], field.type)
        table = pa.table(named)
        write_parquet(self.path / part_name(index), table, **_encodings(table.schema))

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
            summary = {column: summarise(paths, column) for column in columns}
            digests = [file_digest(path) for path in paths]
        content = {
            "schema_version": SCHEMA_VERSION,
            **{key: self.plan[key] for key in _RESULT},
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


def start_metric(
    opening: Opening,
    name: str,
    *,
    parameters: Mapping[str, Any],
    directions: Mapping[str, str],
    columns: Mapping[str, pa.DataType],
    dataset: str,
    inputs: Mapping[str, Any],
    parts: Sequence[tuple[int, int]],
    replace: bool = False,
) -> MetricWriter:
    """See what a table holds of a metric and plan the rest.

    Args:
        opening: the table.
        name: the metric's, and its folder's.
        parameters: all that decides its numbers, JSON-like.
        directions: column to "higher" or "lower".
        columns: the metric's columns and their types, the primary one first.
        dataset: digest of the data.
        inputs: the data's columns that are read, JSON-like.
        parts: first row and number of rows of each partition.
        replace: redo it even if it is there.

    Raises:
        HardnessError: the name cannot be a folder's.
        ValueError: the primary column has no direction, or a direction is unknown.
    """
    if not _NAME.fullmatch(name):
        raise HardnessError(
            f"metric name must be letters, digits and _ : + -, got {name!r}; rename it"
        )
    folder = opening.path / name
    if next(iter(columns)) not in directions or not set(directions.values()) <= set(DIRECTIONS):
        raise ValueError(f"direction must be higher or lower, got {directions}; name the harder")
    plan = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "parameters": dict(parameters),
        "columns": list(columns),
        "types": [str(kind) for kind in columns.values()],
        "directions": dict(directions),
        "dataset": dataset,
        "inputs": dict(inputs),
        "code_version": __version__,
        "parts": [list(part) for part in parts],
    }
    status, replaced, done = "new", False, frozenset[int]()
    finished = None if opening.stale else _finished(folder)
    if finished is not None and not replace:
        _check_same_result(finished, plan)
        status = "complete"
    elif finished is None and not replace and not opening.stale and _same_plan(folder, plan):
        done = frozenset(_whole_parts(folder, parts))
        status = "resume" if done else "new"
    if status == "new":
        replaced = any(True for _ in folder.glob("part-*.parquet"))
    return MetricWriter(
        path=folder,
        opening=opening,
        plan=plan,
        schema=pa.schema(list(columns.items())),
        status=status,
        replaced=replaced,
        done=done,
    )


def _typed(name: str, values: Any, kind: pa.DataType) -> Any:
    is_arrow = isinstance(values, pa.Array | pa.ChunkedArray)
    array = values.cast(kind) if is_arrow else pa.array(values, kind)
    if pa.types.is_floating(kind) and pc.any(pc.is_nan(array)).as_py():
        raise ValueError(f"{name} must be null where it is undefined, got NaN; write null")
    return array


def _finished(folder: Location) -> MetricInfo | None:
    """The metric if it is complete and whole; a damaged one counts as none and is redone."""
    try:
        info = read_metric(folder)
        if info is not None:
            info.verify()
    except HardnessError:
        return None
    return info


def _check_same_result(info: MetricInfo, plan: Mapping[str, Any]) -> None:
    """Raises HardnessError if a finished metric is not what the plan would give.

    Neither the partitions nor the version change what it means.
    """
    known, asked = _flat(info.content), _flat(plan)
    differing = [key for key in {**known, **asked} if known.get(key) != asked.get(key)]
    if differing:
        got = "; ".join(f"{key} was {known.get(key)}, is {asked.get(key)}" for key in differing)
        raise HardnessError(
            f"{info.path} must be of the same options and columns, got others ({got}); "
            "pass --overwrite to replace it, or another table with -o"
        )


def _flat(content: Mapping[str, Any]) -> dict[str, Any]:
    nested = content.get("parameters", {}) | content.get("inputs", {})
    return nested | {key: content.get(key) for key in ("columns", "types", "directions", "dataset")}


def _same_plan(folder: Location, plan: Mapping[str, Any]) -> bool:
    if (folder / DONE).is_file() or not (folder / PLAN).is_file():
        return False
    try:
        return object_digest(read_json(folder / PLAN)) == object_digest(plan)
    except HardnessError:
        return False


def _whole_parts(folder: Location, parts: Sequence[tuple[int, int]]) -> list[int]:
    there = sizes(folder)
    found = [index for index in range(len(parts)) if part_name(index) in there]
    rows = of_each(_rows, [folder / part_name(index) for index in found])
    return [
        index
        for index, count in zip(found, rows, strict=True)
        if count is not None and count <= parts[index][1]
    ]


def _rows(path: Location) -> int | None:
    """Rows of a part; None if it is not whole."""
    try:
        return read_metadata(path).num_rows
    except (OSError, pa.ArrowException):
        return None


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
