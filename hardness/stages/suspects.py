"""`hardness suspects`: the records whose label is likely wrong, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import polars as pl

from hardness.arguments import as_names
from hardness.errors import HardnessError
from hardness.io.metric import MetricInfo
from hardness.io.storage import AnyPath, Location, locate
from hardness.io.table import HardnessTable, open_table
from hardness.memory import parse_memory
from hardness.metrics.most_suspicious import most_suspicious
from hardness.metrics.suspicion import suspicion
from hardness.sort import stable_argsort
from hardness.stages.suspect_records import (
    Suspect,
    Wanted,
    count_disagreeing,
    read_suspects,
    write_suspects,
)
from hardness.stages.windows import windows

_DEFAULTS = (
    ("cartography.confidence", "cartography.aum"),
    ("confidence.confidence", "aum.aum"),
    ("ngram-pvi.pvi",),
)
"""What to rank by, the first that the table has."""
_PARTITION_BYTES = 1 << 23
"""Of data: of each thread's, several times as much is in memory at once."""
_SUGGESTING = ("suggested", "predicted")


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """The records of a table, the likeliest wrong label first.

    Attributes:
        table: where the scores are from.
        by: the columns ranked by, as `metric.column`.
        count: n, how many records are ranked.
        nulls: records that were left out, as a score of theirs is null.
        disagreeing: ranked records for which the model suggests another label than the given; None
            where it suggests none.
        in_sample: the scores are of a model that was trained on the labels it judges.
        top: the first of them, with text and labels.
        output: the file that all were written to.
    """

    table: HardnessTable
    by: tuple[str, ...]
    count: int
    nulls: int
    disagreeing: int | None
    in_sample: bool
    top: tuple[Suspect, ...]
    output: Location | None

    @property
    def rows(self) -> np.ndarray:
        """uint64 (n,) all ranked records; of equally suspicious ones the first row comes first."""
        return self._ranking.rows

    @property
    def suspicion(self) -> np.ndarray:
        """f64 (n,) that of each of `rows`, see `hardness.metrics.suspicion`."""
        return self._ranking.suspicion

    @cached_property
    def _ranking(self) -> Wanted:
        # Only where it is asked for: it takes memory for every record.
        return _all(_ask(self.table.path, self.by))


def suspects(
    table: AnyPath,
    *,
    by: str | Sequence[str] | None = None,
    top: int = 10,
    output: AnyPath | None = None,
    memory: int | str | None = None,
) -> Suspects:
    """Rank the records of a table by how likely their label is wrong.

    Without a file the memory does not grow with the number of records; ranking all of them, for the
    file or for `rows` of the result, takes 50 bytes a record.

    Args:
        table: what `score` wrote, a URL too.
        by: columns to rank by, "a,b" or a sequence of `metric` or `metric.column`; confidence and
            aum of cartography where None, or pvi of ngram-pvi.
        top: how many to return with their texts and labels.
        output: a file for all of them, .jsonl, .csv or .parquet.
        memory: bytes of texts to hold at a time for that file, such as "4GB".

    Raises:
        HardnessError: the table has no such columns, or its data no labels.
    """
    asked = _ask(table, by)
    place = None if output is None else locate(output)
    limit = parse_memory(memory)
    if place is None:
        wanted, count = _first(asked, top)
    else:
        wanted = _all(asked)
        count = len(wanted.rows)
    largest = _PARTITION_BYTES if place is None else None
    with asked.table.dataset(on_error="skip", largest_partition_bytes=largest) as dataset:
        if place is not None:
            write_suspects(place, dataset, wanted, memory=limit)
        found = read_suspects(dataset, wanted, top)
        disagreeing = count_disagreeing(dataset, asked.label, partial(_suggestions, asked))
    return Suspects(
        table=asked.table,
        by=asked.by,
        count=count,
        nulls=asked.table.resolve(asked.by[0])[0].rows - count,
        disagreeing=disagreeing,
        in_sample=asked.in_sample,
        top=found,
        output=place,
    )


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What is to be ranked, and by what."""

    table: HardnessTable
    by: tuple[str, ...]
    """As metric.column."""
    directions: Sequence[Any]
    suggesting: str | None
    """The column that suggests a label, if there is one."""
    label: str
    in_sample: bool

    @property
    def scores(self) -> dict[str, str]:
        """The columns by the names that they have in a window."""
        return {f"{place}": name for place, name in enumerate(self.by)}

    @property
    def aliases(self) -> dict[str, str]:
        """The same, and `suggested`, if there is such a column."""
        return self.scores | ({} if self.suggesting is None else {"suggested": self.suggesting})

    @property
    def short_names(self) -> list[str]:
        """The columns' names, with their metrics where two would be called alike."""
        return [_short(name, self.by) for name in self.by]


def _ask(table: AnyPath, by: str | Sequence[str] | None) -> _Asked:
    opened = open_table(table)
    chosen = _columns(opened, by)
    label = opened.columns.label
    if label is None:
        raise HardnessError(
            f"label must be a column of the data behind {opened.path}, got none; score it again "
            "with --label"
        )
    infos = [opened.resolve(name) for name in chosen]
    return _Asked(
        table=opened,
        by=tuple(chosen),
        directions=[info.direction_of(column) for info, column in infos],
        suggesting=_suggesting(infos),
        label=label,
        in_sample=any(_is_in_sample(info.parameters) for info, _ in infos),
    )


def _all(asked: _Asked) -> Wanted:
    """All ranked records, in memory."""
    ranked = pl.concat(list(windows(asked.table, asked.aliases))).drop_nulls(list(asked.scores))
    values = [ranked[name].cast(pl.Float64).to_numpy() for name in asked.scores]
    score = suspicion(values, asked.directions)
    order = stable_argsort(-score)
    return Wanted(
        rows=ranked["row"].to_numpy()[order],
        suspicion=score[order],
        scores={name: value[order] for name, value in zip(asked.short_names, values, strict=True)},
        suggested=ranked["suggested"][order.tolist()] if "suggested" in ranked.columns else None,
        label=asked.label,
    )


def _first(asked: _Asked, top: int) -> tuple[Wanted, int]:
    """What `_all` has first, and how many that has, in memory that does not grow with these."""
    ranked = most_suspicious(partial(_windows, asked), asked.directions, top)
    wanted = Wanted(
        rows=ranked.rows,
        suspicion=ranked.suspicion,
        scores=dict(zip(asked.short_names, ranked.scores, strict=True)),
        suggested=_suggested(asked, ranked.rows),
        label=asked.label,
    )
    return wanted, ranked.count


def _windows(asked: _Asked) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """The ranked records: rows and scores."""
    for window in windows(asked.table, asked.scores):
        known = window.drop_nulls()
        values = [known[name].cast(pl.Float64).to_numpy() for name in asked.scores]
        yield known["row"].to_numpy(), values


def _suggestions(asked: _Asked) -> Iterator[pl.DataFrame]:
    """row and `suggested` of the ranked records; nothing where nothing suggests a label."""
    if asked.suggesting is not None:
        for window in windows(asked.table, asked.aliases):
            yield window.drop_nulls(list(asked.scores)).select("row", "suggested")


def _suggested(asked: _Asked, rows: np.ndarray) -> pl.Series | None:
    """The labels that are suggested for some records."""
    if asked.suggesting is None:
        return None
    wanted = pl.DataFrame({"row": rows})
    found = [part.join(wanted, on="row", how="semi") for part in _suggestions(asked)]
    return wanted.join(pl.concat(found), on="row", how="left", maintain_order="left")["suggested"]


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


def _is_in_sample(parameters: Mapping[str, Any]) -> bool:
    """Whether the model that was observed was trained on the records it judges."""
    if "dynamics" in parameters:
        return True
    folds = parameters.get("folds")
    return parameters.get("holdout") == "none" or (isinstance(folds, int) and folds < 2)
