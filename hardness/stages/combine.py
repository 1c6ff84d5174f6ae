"""`hardness combine`: a metric that is arithmetic over the columns of hardness tables.

Legend: n records.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from hardness.direction import DIRECTIONS, Direction
from hardness.errors import HardnessError
from hardness.expression import Evaluated, parse
from hardness.expression.over_columns import evaluate_columns
from hardness.io.metric import MetricInfo
from hardness.io.metric_plan import start_metric
from hardness.io.metric_writer import MetricWriter
from hardness.io.opening import DATASET, Opening
from hardness.io.storage import AnyPath, Location, join, locate, relative
from hardness.io.table import HardnessTable, open_table
from hardness.metrics.formulas import formulas
from hardness.metrics.given import check_name
from hardness.stages.columns import Tables, find_source, open_tables

PART_ROWS = 1 << 22
"""Records of a part: a few tens of megabytes."""


@dataclass(frozen=True, kw_only=True)
class CombineResult:
    """What `combine` did.

    Attributes:
        table: the hardness table that has the metric.
        info: the metric.
        cached: it was there already.
        undefined: records of which every column is defined and the result is not.
        seconds: wall time of this call.
    """

    table: HardnessTable
    info: MetricInfo
    cached: bool
    undefined: int
    seconds: float


def combine(
    tables: Tables,
    *,
    name: str,
    expr: str | None = None,
    harder: str | None = None,
    output: AnyPath | None = None,
    overwrite: bool = False,
) -> CombineResult:
    """Compute a metric from the columns of one or several tables of the same data.

    Args:
        tables: one, or several by the names that the expression calls them; also as "name=path".
        name: of the new metric.
        expr: see `hardness.expression.parse`; that of `hardness.metrics.formulas` of this name
            where None.
        harder: "higher" or "lower"; what the columns or the formula tell where None.
        output: table to write to; the first one where None.
        overwrite: replace what the table holds under this name.

    Raises:
        HardnessError: tables of other data, a column that is not there or holds no numbers, an
            expression that is none, no direction, or the name of another metric.
    """
    began = time.perf_counter()
    opened = open_tables(tables)
    first = next(iter(opened.values()))
    formula = None
    if expr is None:
        formula = formulas.get(name)
        expr = formula.expr
    known = [*opened, *(metric for table in opened.values() for metric in table.metrics)]
    expression = parse(expr, known)
    sources = [find_source(opened, reference) for reference in expression.references]
    target = first if output is None else _target(locate(output), first)
    for source in sources:
        if source.info.path == target.path / name:
            raise HardnessError(
                f"name must be another than that of what is combined, got {name!r}; choose a new "
                "one or another table with -o"
            )
    # A formula's name is fine; under another metric's, scores would pass for what they are not.
    check_name(name, name if name in formulas.names() else "")
    columns = {source.reference: (source.info, source.column) for source in sources}
    rows, result = evaluate_columns(expression, columns, dataset_rows=target.rows)
    direction = _direction(harder, formula.harder if formula else result.direction, expr)
    writer = start_metric(
        Opening(path=target.path, content=target.content, stale=False),
        name,
        parameters={"expr": expr, **{s.reference: s.identity for s in sources}},
        directions={name: direction},
        columns={name: pa.float64()},
        dataset=target.digest,
        inputs={"text": list(target.columns.text), "id": target.columns.id},
        parts=[
            (start, min(PART_ROWS, target.rows - start))
            for start in range(0, target.rows, PART_ROWS)
        ],
        replace=overwrite,
    )
    cached = writer.status == "complete"
    if not cached:
        writer.begin()
        _write(writer, name, rows, result, [source.info for source in sources])
        writer.finish(
            seconds=time.perf_counter() - began,
            extra={"rejects": 0, "tokens": None, "undefined": result.undefined},
        )
    table = open_table(target.path)
    return CombineResult(
        table=table,
        info=table.metric(name),
        cached=cached,
        undefined=result.undefined,
        seconds=time.perf_counter() - began,
    )


def _target(path: Location, first: HardnessTable) -> HardnessTable:
    """The table to write to: there already, or a new one of the same data."""
    if path == first.path:
        return first
    if (path / DATASET).is_file():
        there = open_table(path)
        if there.digest != first.digest:
            raise HardnessError(
                f"output must be a table of the same data, got {path} of other data; name another "
                "with -o"
            )
        return there
    if path.exists() and (not path.is_dir() or any(True for _ in path.iterdir())):
        raise HardnessError(
            f"output must be a hardness table or a new folder, got {path}, which is neither; "
            "name another with -o"
        )
    files = [
        file | {"path": relative(join(first.path, file["path"]), path)}
        for file in first.content["files"]
    ]
    return HardnessTable(
        path=path,
        digest=first.digest,
        rows=first.rows,
        columns=first.columns,
        content=first.content | {"files": files},
    )


def _direction(harder: str | None, told: Direction | None, expr: str) -> Direction:
    if harder is None and told is not None:
        return told
    for direction in DIRECTIONS:
        if harder == direction:
            return direction
    got = "none that the columns tell" if harder is None else repr(harder)
    raise HardnessError(
        f"harder must be one of {', '.join(DIRECTIONS)} for {expr!r}, got {got}; say with --harder "
        "which end of its values is the harder one"
    )


def _write(
    writer: MetricWriter,
    name: str,
    rows: np.ndarray,
    result: Evaluated,
    infos: Sequence[MetricInfo],
) -> None:
    for index in writer.missing:
        start, count = writer.plan["parts"][index]
        low, high = np.searchsorted(rows, np.array([start, start + count], rows.dtype)).tolist()
        part = slice(low, high)
        values = pa.array(result.values[part], mask=~result.valid[part])
        writer.write(index, rows[part], {name: values}, ids=_read_ids(infos, rows[part]))


def _read_ids(infos: Sequence[MetricInfo], rows: np.ndarray) -> pa.Array | None:
    """The ids of some rows, from the first metric that has them; None if the data has none.

    Args:
        infos: metrics of which at least one has each row.
        rows: (n,) u64, increasing.
    """
    ids = None
    wanted = pl.DataFrame({"row": rows})
    for info in {str(info.path): info for info in infos}.values():
        frame = info.frame()
        if "id" not in frame.collect_schema():
            continue
        near = pl.col("row").is_between(int(rows[0]), int(rows[-1])) if len(rows) else False
        have = frame.select("row", "id").filter(near).collect()
        found = wanted.join(have, on="row", how="left", maintain_order="left")["id"]
        ids = found if ids is None else ids.zip_with(ids.is_not_null(), found)
        if not ids.null_count():
            break
    return None if ids is None else ids.to_arrow()
