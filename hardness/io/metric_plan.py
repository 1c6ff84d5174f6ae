"""What a table holds of a metric that is asked for, and what is left to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from hardness import __version__
from hardness.direction import DIRECTIONS
from hardness.errors import HardnessError, OutputExistsError
from hardness.io.atomic import read_json
from hardness.io.digest import object_digest
from hardness.io.metric import DONE, PLAN, SCHEMA_VERSION, MetricInfo, read_metric
from hardness.io.metric_writer import MetricWriter, part_name
from hardness.io.opening import Opening
from hardness.io.storage import Location, of_each, read_metadata, sizes

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:+-]*")
LONGEST_NAME = 100
"""Characters of a metric's name: it is a folder's, for which file systems allow 255 bytes."""


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
        OutputExistsError: the table holds the metric by other options or columns.
        ValueError: the primary column has no direction, or a direction is unknown.
    """
    if not _NAME.fullmatch(name):
        raise HardnessError(
            f"metric name must be letters, digits and _ : + -, got {name!r}; rename it"
        )
    if len(name) > LONGEST_NAME:
        raise HardnessError(
            f"metric name must have at most {LONGEST_NAME} characters, got {len(name)}; shorten it"
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
    """Raises OutputExistsError if a finished metric is not what the plan would give.

    Neither the partitions nor the version change what it means.
    """
    known, asked = _flat(info.content), _flat(plan)
    differing = [key for key in {**known, **asked} if known.get(key) != asked.get(key)]
    if differing:
        got = "; ".join(f"{key} was {known.get(key)}, is {asked.get(key)}" for key in differing)
        raise OutputExistsError(
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
