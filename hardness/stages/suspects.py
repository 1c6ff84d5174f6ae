"""`hardness suspects`: the records whose label is likely wrong, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from hardness.arguments import as_names
from hardness.errors import HardnessError
from hardness.io.metric import MetricInfo
from hardness.io.storage import AnyPath, Location, locate
from hardness.io.table import HardnessTable, open_table
from hardness.memory import parse_memory
from hardness.metrics.suspicion import suspicion
from hardness.sort import stable_argsort
from hardness.stages.suspect_records import Suspect, Wanted, read_suspects, write_suspects

_DEFAULTS = (
    ("cartography.confidence", "cartography.aum"),
    ("confidence.confidence", "aum.aum"),
    ("ngram-pvi.pvi",),
)
"""What to rank by, the first that the table has."""
_SUGGESTING = ("suggested", "predicted")


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """The records of a table, the likeliest wrong label first.

    Attributes:
        table: where the scores are from.
        by: the columns ranked by, as `metric.column`.
        rows: uint64 (n,) the ranked records; of equally suspicious ones the first row comes first.
        suspicion: (n,) see `hardness.metrics.suspicion`.
        nulls: records that were left out, as a score of theirs is null.
        disagreeing: ranked records for which the model suggests another label than the given; None
            where it suggests none.
        in_sample: the scores are of a model that was trained on the labels it judges.
        top: the first of them, with text and labels.
        output: the file that all were written to.
    """

    table: HardnessTable
    by: tuple[str, ...]
    rows: np.ndarray
    suspicion: np.ndarray
    nulls: int
    disagreeing: int | None
    in_sample: bool
    top: tuple[Suspect, ...]
    output: Location | None


def suspects(
    table: AnyPath,
    *,
    by: str | Sequence[str] | None = None,
    top: int = 10,
    output: AnyPath | None = None,
    memory: int | str | None = None,
) -> Suspects:
    """Rank the records of a table by how likely their label is wrong.

    Args:
        table: what `score` wrote, a URL too.
        by: columns to rank by, "a,b" or a sequence of `metric` or `metric.column`; confidence and
            aum of cartography where None, or pvi of ngram-pvi.
        top: how many to return with their texts and labels.
        output: a file for all of them, .jsonl, .csv or .parquet.
        memory: bytes to stay below, such as "4GB"; scores take 50 bytes a record of it.

    Raises:
        HardnessError: the table has no such columns, or its data no labels.
    """
    opened = open_table(table)
    chosen = _columns(opened, by)
    label = opened.columns.label
    if label is None:
        raise HardnessError(
            f"label must be a column of the data behind {opened.path}, got none; score it again "
            "with --label"
        )
    infos = [opened.resolve(name) for name in chosen]
    directions: list[Any] = [info.direction_of(column) for info, column in infos]
    frame = _scores(opened, chosen, _suggesting(infos))
    names = [f"{i}" for i in range(len(chosen))]
    ranked = frame.drop_nulls(names)
    values = [ranked[name].cast(pl.Float64).to_numpy() for name in names]
    score = suspicion(values, directions)
    order = stable_argsort(-score)
    wanted = Wanted(
        rows=ranked["row"].to_numpy()[order],
        suspicion=score[order],
        scores={
            _short(name, chosen): value[order] for name, value in zip(chosen, values, strict=True)
        },
        suggested=ranked["suggested"][order.tolist()] if "suggested" in ranked.columns else None,
        label=label,
    )
    place = None if output is None else locate(output)
    limit = parse_memory(memory)
    with opened.dataset(on_error="skip") as dataset:
        if place is not None:
            write_suspects(place, dataset, wanted, memory=limit)
        found = read_suspects(dataset, wanted, top)
        disagreeing = wanted.disagreeing(dataset)
    return Suspects(
        table=opened,
        by=tuple(chosen),
        rows=wanted.rows,
        suspicion=wanted.suspicion,
        nulls=len(frame) - len(ranked),
        disagreeing=disagreeing,
        in_sample=any(_is_in_sample(info.parameters) for info, _ in infos),
        top=found,
        output=place,
    )


def _columns(table: HardnessTable, by: str | Sequence[str] | None) -> list[str]:
    """The columns to rank by, as metric.column."""
    if by is not None:
        resolved = [table.resolve(name) for name in as_names(by)]
        return list(dict.fromkeys(f"{info.name}.{column}" for info, column in resolved))
    for columns in _DEFAULTS:
        there = [name for name in columns if name.partition(".")[0] in table.metrics]
        if there:
            return there
    raise HardnessError(
        f"{table.path} must hold cartography, confidence, aum or ngram-pvi, got "
        f"{', '.join(table.metrics) or 'no metric'}; score the data with --metric cartography "
        "--proxy linear, or name columns with --by"
    )


def _short(name: str, names: Sequence[str]) -> str:
    """The column's name, if no other has it."""
    column = name.partition(".")[2]
    others = [other.partition(".")[2] for other in names]
    return column if others.count(column) == 1 else name


def _suggesting(infos: Sequence[tuple[MetricInfo, str]]) -> str | None:
    """The column that suggests a label, if there is one."""
    for info, _ in infos:
        for column in _SUGGESTING:
            if column in info.columns:
                return f"{info.name}.{column}"
    return None


def _scores(table: HardnessTable, names: Sequence[str], suggesting: str | None) -> pl.DataFrame:
    """row, the scores as 0, 1 and so on, and `suggested`."""
    wanted = {f"{i}": name for i, name in enumerate(names)}
    if suggesting is not None:
        wanted["suggested"] = suggesting
    frames = [
        table.column(name).rename({"value": alias}).collect().sort("row")
        for alias, name in wanted.items()
    ]
    found = frames[0]
    for frame in frames[1:]:
        found = found.join(frame, on="row", how="left", maintain_order="left")
    return found


def _is_in_sample(parameters: Mapping[str, Any]) -> bool:
    """Whether the model that was observed was trained on the records it judges."""
    if "dynamics" in parameters:
        return True
    folds = parameters.get("folds")
    return parameters.get("holdout") == "none" or (isinstance(folds, int) and folds < 2)
