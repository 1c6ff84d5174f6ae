"""The chapter of one hardness table: its sections in order."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

import polars as pl

from hardness.errors import HardnessError
from hardness.io.metric import MetricInfo, full_name
from hardness.io.table import HardnessTable
from hardness.metrics.heading import made_with
from hardness.progress import Progress
from hardness.reporting.correlation import correlation, joint_scores, score_columns
from hardness.reporting.data_map import ACROSS, METRIC, UP, data_map
from hardness.reporting.examples import Chosen, choose, example_words, variability
from hardness.reporting.figure import Words, number, significant
from hardness.reporting.histograms import histograms, meanings
from hardness.reporting.page import Chapter, Explorer, Lacking, Section
from hardness.reporting.shown import ENDS, TEXTS, Shown, read_shown
from hardness.reporting.suspected import suspected_labels

_HEADINGS = ("column", "harder", "scored", "nulls", "mean", "5%", "median", "95%", "what it is")
_TOLD = 12
"""Most lines that a point of the map shows when one hovers over it."""


def table_chapter(
    table: HardnessTable,
    *,
    prefix: str,
    by: str | None,
    text: bool,
    records: int,
    progress: Progress,
) -> Chapter:
    """All that the page tells of one table.

    Args:
        table: with at least one metric.
        prefix: of the sections' ids and the figures' names.
        by: column that the examples are in order of; the first metric if None.
        text: read the data for texts and labels.
        records: about how many records to show by themselves.
        progress: is told of what takes long.

    Raises:
        HardnessError: there is no metric or no such column, or the data changed since.
    """
    if not table.metrics:
        raise HardnessError(
            f"table must hold a finished metric, got none in {table.path}; score again"
        )
    by = by or _first_score(table)
    chosen = choose(table, by)
    shown = read_shown(table, by, chosen, text=text, records=records, progress=progress)
    texts = shown.texts()
    sections = [
        _overview(table),
        _map(table, shown, prefix),
        _explorer(table, shown, prefix),
        Section(
            id="histograms",
            title="Histograms",
            lead="How the values of each column are spread. Blue is the easy end, orange the hard "
            "one. A long orange tail is worth a look: it may be what is hard, or what is broken.",
            figures=[figure for name in table.metrics for figure in histograms(table.metric(name))],
        ),
        _correlation(table),
        _examples(table, chosen, texts),
        suspected_labels(table, text=text, score=_cartography_command(table)),
    ]
    return Chapter(
        title=_name(table),
        about=_about(table),
        sections=[_prefixed(section, prefix) for section in sections],
    )


def _first_score(table: HardnessTable) -> str:
    for name in table.metrics:
        info = table.metric(name)
        if info.columns[0] in info.directions:
            return f"{name}.{info.columns[0]}"
    raise HardnessError(
        f"table must hold a score, got none in {table.path} that says which end is harder; "
        "score another metric"
    )


def _prefixed(section: Section, prefix: str) -> Section:
    if not prefix:
        return section
    figures = [replace(figure, name=f"{prefix}{figure.name}") for figure in section.figures]
    return replace(section, id=f"{prefix}{section.id}", figures=figures)


def _name(table: HardnessTable) -> str:
    return PurePath(str(table.path)).name or str(table.path)


def _files(table: HardnessTable) -> list[str]:
    return [PurePath(file["path"]).name for file in table.content["files"]]


def _about(table: HardnessTable) -> str:
    files = _files(table)
    named = files[0] if len(files) == 1 else f"{len(files)} files, {files[0]} first"
    columns = table.columns
    parts = [f"{number(table.rows)} records of {named}", f"text: {' + '.join(columns.text)}"]
    parts += [
        f"{part}: {getattr(columns, part)}"
        for part in ("label", "id", "group")
        if getattr(columns, part)
    ]
    return "; ".join(parts) + "."


def _score_command(table: HardnessTable, *options: str) -> str:
    """What scores the data of a table with other options."""
    return shlex.join(["hardness", "score", *_files(table)[:3], *options])


def _cartography_command(table: HardnessTable) -> str:
    return _score_command(table, "--metric", METRIC, "--proxy", "linear")


def _overview(table: HardnessTable) -> Section:
    infos = [table.metric(name) for name in table.metrics]
    rows = tuple(row for info in infos for row in _summary(info))
    made = ((info.name, made_with(info.parameters)) for info in infos)
    return Section(
        id="scores",
        title="Scores",
        lead="What each metric says of the records as a whole. “Harder” is the end of a column at "
        "which the hard records lie; a dash is a column that says nothing of hardness.",
        words=[
            Words(
                headings=("metric", "made with"),
                rows=tuple((name, told or "–") for name, told in made),
                caption="Metrics of the table",
            ),
            Words(
                headings=_HEADINGS,
                rows=rows,
                numeric=frozenset(range(2, 8)),
                caption="Columns of the table",
            ),
        ],
    )


def _summary(info: MetricInfo) -> list[tuple[str, ...]]:
    known = meanings(info.name)
    rows = []
    for column in info.columns:
        summary = info.summary[column]
        quantiles = summary.get("quantiles", {})
        rows.append(
            (
                full_name(info.name, column),
                info.directions.get(column, "–"),
                number(summary["count"]),
                number(summary["nulls"]),
                number(summary.get("mean")),
                *(number(quantiles.get(name)) for name in ("0.05", "0.5", "0.95")),
                known.get(column, ""),
            )
        )
    return rows


def _map(table: HardnessTable, shown: Shown, prefix: str) -> Section:
    lead = (
        "Where each record lies in what a model made of it while it trained. Click on a point or a "
        "shaded cell, or drag over an area, and the table below keeps the records there. Easy ones "
        "help a training settle, ambiguous ones teach most, and of the hard ones many are wrongly "
        "labelled: read some before you drop or favour any."
    )
    section = Section(id="map", title="Data map", lead=lead)
    if shown.counts is None:
        command = _cartography_command(table)
        why = "There is no data map: the table holds no cartography. This makes it:"
        return replace(section, lacking=[Lacking(why=why, command=command)])
    fields = {"row": "row"}
    fields |= {name: name for name in TEXTS if name in shown.frame.columns}
    for column in shown.columns:
        if column.placing:
            fields[column.column] = column.field
    for column in shown.columns:
        if column.primary and column.metric != METRIC and len(fields) < _TOLD:
            fields.setdefault(column.name, column.field)
    drawn = shown.sampled[fields["variability"]].count()
    figure = data_map(shown.counts, records=f"{prefix}records", shown=drawn, fields=fields)
    return replace(section, figures=[figure])


def _explorer(table: HardnessTable, shown: Shown, prefix: str) -> Section:
    frame = shown.sampled
    names = [name for name in TEXTS if name in frame.columns]
    data = {"row": frame["row"].to_list(), **{name: frame[name].to_list() for name in names}}
    for column in shown.columns:
        data[column.field] = [
            significant(v, 6) for v in frame[column.field].cast(pl.Float64).to_list()
        ]
    tie = None
    if shown.counts is not None:
        fields = {column.column: column.field for column in shown.columns if column.placing}
        tie = {
            "figure": f"{prefix}map-0",
            "x": fields["variability"],
            "y": fields["confidence"],
            "reach": shown.counts.reach,
            "across": ACROSS,
            "up": UP,
            "easy": shown.counts.confident,
            "hard": shown.counts.doubtful,
            "ambiguous": shown.counts.ambiguous,
        }
    lead = "Single records, to be searched, sorted and filtered. "
    if len(frame) < table.rows:
        lead += (
            f"These are {number(len(frame))} of {number(table.rows)}: a sample that has more of "
            f"what is rare, and the {ENDS} easiest and hardest by every metric. "
        )
    lead += "Read what a metric calls hard before you trust it with your training."
    return Section(
        id="records",
        title="Records",
        lead=lead,
        explorer=Explorer(
            name=f"{prefix}records",
            columns=[
                {"field": c.field, "title": c.name, "harder": c.harder, "primary": c.primary}
                for c in shown.columns
            ],
            data=data,
            of=table.rows,
            map=tie,
        ),
    )


def _correlation(table: HardnessTable) -> Section:
    directions = score_columns(table)
    scores = joint_scores(table, list(directions)) if len(directions) > 1 else pl.DataFrame()
    figure = correlation(scores, directions, table.rows)
    lacking = []
    if figure is None:
        other = "perplexity" if "ngram-pvi" in table.metrics else "ngram-pvi"
        command = _score_command(table, "--metric", other)
        lacking = [Lacking(why="It takes two scores to compare. This adds one:", command=command)]
    return Section(
        id="correlation",
        title="Rank correlation",
        lead="Whether the scores agree on what is hard. Two that agree closely need not both be "
        "computed; two that do not measure different things: choose with care which to train by.",
        figures=[figure] if figure else [],
        lacking=lacking,
    )


def _examples(
    table: HardnessTable, chosen: Sequence[Chosen], texts: dict[int, dict[str, str]]
) -> Section:
    lacking = []
    if variability(table) is None:
        command = _cartography_command(table)
        why = "Which records are ambiguous is not known without training dynamics. This makes them:"
        lacking.append(Lacking(why=why, command=command))
    return Section(
        id="examples",
        title="Examples",
        lead="The records at both ends. If the hardest are garbage, clean the data before you "
        "order it; if the easiest are all alike, deduplicate.",
        words=example_words(chosen, texts),
        lacking=lacking,
    )
