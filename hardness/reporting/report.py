"""From tables, shards and runs to a page, or to a file for each figure."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import vl_convert

from hardness.curriculum.shards import open_shards
from hardness.errors import HardnessError
from hardness.io.atomic import atomic_path
from hardness.io.files import Paths
from hardness.io.remote import RemotePath
from hardness.io.storage import AnyPath, Location, locate, read_range
from hardness.io.table import open_table
from hardness.progress import Progress, Silent
from hardness.reporting.curriculum import curriculum, preview
from hardness.reporting.curves import curves, find_runs, run_words
from hardness.reporting.figure import Columns, Figure, schema_version
from hardness.reporting.page import MARK, Chapter, Lacking, Section, render
from hardness.reporting.shown import LEAST_RECORDS, RECORDS
from hardness.reporting.table_chapter import table_chapter
from hardness.reporting.weight_surface import surfaces

FORMATS = ("html", "png", "svg")
_PIXELS = 2.0
"""Pixels of a PNG file for one of a screen."""


@dataclass(frozen=True, kw_only=True)
class ReportResult:
    """What was written.

    Attributes:
        output: the page, or the folder of figures.
        files: names of the files in that folder; that of the page.
        bytes: of all of them.
    """

    output: Location
    files: tuple[str, ...]
    bytes: int


def report(
    tables: Paths = (),
    *,
    runs: str | Path | Sequence[str | Path] = (),
    shards: Paths = (),
    output: AnyPath | None = None,
    by: str | None = None,
    format: str = "html",
    text: bool = True,
    progress: Progress | None = None,
) -> ReportResult:
    """Write a page that shows tables, shards and runs, or a file for each of its figures.

    The same tables, shards and runs give the same bytes. A page holds all that it needs, and of
    large tables counts of all records and a sample of about 3,000 of them.

    Args:
        tables: one hardness table or several.
        runs: folder of a run of `train` or of several, or a sequence of such.
        shards: one folder of shards or several.
        output: the page, or for `png` and `svg` a folder; `report.html` or `report` if None.
        by: `metric` or `metric.column` that the examples are in order of; the first metric if None.
        format: `html`, `png` or `svg`.
        text: show texts and labels, for which the data is read; without, it need not be there.
        progress: is told of what takes long.

    Raises:
        HardnessError: nothing to show, an unknown format, a table, run or folder of shards that is
            none, data that changed since it was scored, or an output that is something else.
    """
    if format not in FORMATS:
        raise HardnessError(
            f"format must be one of {', '.join(FORMATS)}, got {format!r}; choose one of them"
        )
    paths, built = _listed(tables), _listed(shards)
    trained = [runs] if isinstance(runs, str | Path) else list(runs)
    if not (paths or trained or built):
        raise HardnessError(
            "report must be given a table, runs or shards, got none; name a folder that "
            "`hardness score`, `train` or `build` wrote"
        )
    target = locate(output or ("report.html" if format == "html" else "report"))
    _check_output(target, format)
    chapters = _chapters(paths, trained, built, by=by, text=text, progress=progress or Silent())
    if format == "html":
        page = render(_title(paths, built, trained), chapters).encode("utf-8")
        _write(target, page)
        return ReportResult(output=target, files=(target.name,), bytes=len(page))
    sections = [section for chapter in chapters for section in chapter.sections]
    records = {s.explorer.name: s.explorer.data for s in sections if s.explorer}
    written = {}
    for figure in (figure for section in sections for figure in section.figures):
        name = f"{_slug(figure.name)}.{format}"
        content = draw(figure, format, records.get(figure.borrows))
        _write(target / name, content)
        written[name] = len(content)
    return ReportResult(output=target, files=tuple(written), bytes=sum(written.values()))


def _listed(paths: Paths) -> list[AnyPath]:
    """The paths, of which there may be one that is not in a sequence."""
    if isinstance(paths, str | os.PathLike | RemotePath):
        return [paths]
    return list(paths)


def draw(figure: Figure, format: str, borrowed: Columns | None = None) -> bytes:
    """A figure as a file of its own, `png` or `svg`."""
    spec = json.dumps(figure.alone(borrowed))
    if format == "svg":
        return vl_convert.vegalite_to_svg(spec, vl_version=schema_version()).encode("utf-8")
    return vl_convert.vegalite_to_png(spec, vl_version=schema_version(), scale=_PIXELS)


def _chapters(
    tables: Sequence[AnyPath],
    runs: Sequence[str | Path],
    shards: Sequence[AnyPath],
    *,
    by: str | None,
    text: bool,
    progress: Progress,
) -> list[Chapter]:
    opened = [open_table(path) for path in tables]
    each = max(LEAST_RECORDS, RECORDS // max(1, len(opened)))
    chapters = [
        table_chapter(
            table,
            prefix=f"t{index + 1}-" if len(opened) > 1 else "",
            by=by,
            text=text,
            records=each,
            progress=progress,
        )
        for index, table in enumerate(opened)
    ]
    name = PurePath(str(tables[0])).name if tables else "TABLE"
    training = [_previews(shards, name, progress), _weights(), _curves(runs)]
    if len(opened) == 1:
        (only,) = chapters
        return [Chapter(title=only.title, about=only.about, sections=[*only.sections, *training])]
    return [*chapters, Chapter(title="Training", about="", sections=training)]


def _previews(shards: Sequence[AnyPath], table: str, progress: Progress) -> Section:
    figures = []
    for index, path in enumerate(shards):
        opened = open_shards(path)
        progress.start("shards", 1, "folders")
        figures += curriculum(opened, preview(opened), f"curriculum-{index + 1}")
        progress.advance(1)
    lacking = []
    if not figures:
        command = f"hardness build {table} --order ascending -o shards"
        lacking = [
            Lacking(why="No shards were given. This makes some:", command=command),
            Lacking(why="Then add to the command of this report:", command="--shards shards"),
        ]
    return Section(
        id="curriculum",
        title="Curriculum preview",
        lead="What a training meets, from the first record to the last. A rising line is an "
        "easy-to-hard order, a flat one a random order; compare a curriculum with the latter.",
        figures=figures,
        lacking=lacking,
    )


def _weights() -> Section:
    return Section(
        id="weights",
        title="S-Loss weights",
        lead="The factor of a record's loss, by how hard it is and how far the training has come. "
        "`hardness train --weighting NAME` applies it, whatever the order.",
        figures=surfaces(),
    )


def _curves(folders: Sequence[str | Path]) -> Section:
    found = find_runs(folders)
    lacking = []
    if not found:
        lacking = [
            Lacking(
                why="No runs were given. This makes one:", command="hardness train shards -o run"
            ),
            Lacking(why="Then add to the command of this report:", command="--runs run"),
        ]
    return Section(
        id="curves",
        title="Training curves",
        lead="Whether it helped. Runs that differ in nothing but their seed differ too: a gap "
        "smaller than theirs is no evidence.",
        figures=curves(found),
        words=[run_words(found)] if found else [],
        lacking=lacking,
    )


def _title(tables: Sequence[AnyPath], shards: Sequence[AnyPath], runs: Sequence[str | Path]) -> str:
    names = [PurePath(str(path)).name or str(path) for path in (tables or shards or runs)]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _slug(name: str) -> str:
    """A file name on every system."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)


def _check_output(target: Location, format: str) -> None:
    if format != "html":
        if target.exists() and not target.is_dir():
            raise HardnessError(
                f"output must be a folder for {format}, got the file {target}; choose another -o"
            )
        return
    if target.is_dir():
        raise HardnessError(
            f"output must be a file for html, got the folder {target}; name it, for example "
            f"{target / 'report.html'}"
        )
    if target.is_file() and not _is_report(target):
        raise HardnessError(
            f"output must be a new file or a report, got {target}, which is neither; "
            "choose another -o"
        )


def _is_report(target: Location) -> bool:
    return read_range(str(target), 0, len(MARK)) == MARK.encode()


def _write(target: Location, content: bytes) -> None:
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)
