"""What is decided before a record is read: the curriculum, and where every record goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import hardness
from hardness.curriculum.curriculum import Curriculum, check_written
from hardness.curriculum.keys import Keys, place
from hardness.curriculum.manifest import Manifest
from hardness.curriculum.plan import default_output, default_shard_rows
from hardness.curriculum.scores import Scores, array_digest
from hardness.curriculum.several import read_by, read_like
from hardness.curriculum.spec import load_spec, over_spec
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.io.digest import object_digest
from hardness.io.storage import AnyPath, Location, locate
from hardness.io.table import HardnessTable, open_table


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A build that has not read a record yet."""

    scores: Scores
    curriculum: Curriculum
    keys: Keys
    manifest: Manifest
    """Complete but for the shards."""
    path: Location
    """The folder of shards that the build would write."""


def prepare(
    table: AnyPath,
    *,
    curriculum: str | Path | None = None,
    shard_rows: int | None = None,
    output: AnyPath | None = None,
    **options: Any,
) -> Prepared:
    """Decide where every record goes. Nothing is written.

    Args:
        table: the hardness table that `score` wrote; a URL too.
        curriculum: a spec, see `hardness.curriculum.spec`.
        shard_rows, output: see `hardness.curriculum.build.build`.
        options: `by`, `weighting` and the fields of a `Curriculum`; None for what the spec says,
            or for the default.

    Raises:
        HardnessError: an option out of its range, or a table that cannot be used.
    """
    given = {name: value for name, value in options.items() if value is not None}
    chosen = over_spec({} if curriculum is None else load_spec(curriculum), given)
    by, weighting = chosen.pop("by", None), chosen.pop("weighting", None)
    if shard_rows is not None and shard_rows < 1:
        raise HardnessError(f"shard_rows must be at least 1, got {shard_rows}; choose another")
    if weighting is not None:
        check_written(weighting)
    made = Curriculum(**chosen)
    opened = open_table(table)
    if by is None and made.admissions:
        by = made.admissions[0].column
    scores = read_by(opened, by)
    columns = _Columns(opened, scores.rows)
    keys = place(
        scores.rows,
        scores.values,
        scores.valid,
        dataset_rows=scores.dataset_rows,
        name=scores.name,
        direction=scores.metric["direction"],
        curriculum=made,
        read=columns.read,
    )
    manifest = Manifest(
        code_version=hardness.__version__,
        dataset=scores.dataset,
        columns=scores.columns,
        metric=scores.metric,
        curriculum=made.describe() | {"columns": columns.digests},
        weighting=None if weighting is None else {"name": weighting},
        seed=made.seed,
        epochs=made.epochs,
        hardness=keys.summary(),
        occurrences=keys.occurrences(),
        rows=keys.rows,
        shard_rows=shard_rows
        or default_shard_rows(rows=scores.dataset_rows, input_bytes=sum(scores.files.values())),
    )
    path = default_output(opened.path, manifest) if output is None else locate(output)
    return Prepared(scores=scores, curriculum=made, keys=keys, manifest=manifest, path=path)


class _Columns:
    """Further columns of the table for the rows at hand, and what was read of it."""

    def __init__(self, table: HardnessTable, rows: np.ndarray) -> None:
        self._table = table
        self._rows = rows
        self.digests: dict[str, str] = {}
        """The digest of every column that was read: it decides the sequence, too."""

    def read(self, column: str) -> tuple[np.ndarray, Direction]:
        values, direction = read_like(self._table, column, self._rows)
        self.digests[column] = object_digest([direction, array_digest(values)])
        return values, direction


def released(prepared: Prepared) -> Prepared:
    """The same without the scores' arrays, which a build need not hold in memory to its end."""
    return replace(prepared, scores=prepared.scores.released())
