"""Hardness tables: the scores of one dataset, each metric in a folder of its own.

data.hardness/
  dataset.json    the files with sizes, rows and digests, and the columns that were read
  perplexity/     see `hardness.io.metric`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from hardness import __version__
from hardness.errors import HardnessError, OutputExistsError
from hardness.io.atomic import read_json
from hardness.io.dataset import Dataset, open_dataset
from hardness.io.files import default_folder
from hardness.io.metric import DONE, SCHEMA_VERSION, MetricInfo, check_version, read_metric
from hardness.io.metric_plan import start_metric
from hardness.io.metric_writer import MetricWriter
from hardness.io.mismatch import mismatch
from hardness.io.opening import DATASET, Opening
from hardness.io.records import Columns
from hardness.io.storage import AnyPath, Location, find_size, join, locate, relative
from hardness.io.unscored import unscored

if TYPE_CHECKING:
    import polars as pl

_KIND = "hardness-table"


@dataclass(frozen=True, kw_only=True)
class HardnessTable:
    """A folder of scores; see `open_table` and `create_table`."""

    path: Location
    digest: str
    """Digest of the dataset."""
    rows: int
    """Records of the dataset, rejected ones included."""
    columns: Columns
    """The columns that the last scoring read."""
    content: dict[str, Any]
    """All of dataset.json."""
    stale: bool = False
    """The folder holds scores of other data until a metric is begun."""

    @property
    def metrics(self) -> list[str]:
        """Names of the finished metrics, sorted."""
        if self.stale:
            return []
        return sorted(path.parent.name for path in self.path.glob(f"*/{DONE}"))

    def metric(self, name: str) -> MetricInfo:
        """A finished metric.

        Raises:
            HardnessError: there is none of this name (the message lists those there are), or its
                scores are of other data.
        """
        info = read_metric(self.path / name) if name in self.metrics else None
        if info is None:
            raise unscored(name, self.metrics, self.path)
        if info.dataset != self.digest:
            raise HardnessError(
                f"{info.path} must hold scores of the data in {self.path / DATASET}, got scores of "
                f"other data; delete {info.path} and score again"
            )
        return info

    def resolve(self, column: str) -> tuple[MetricInfo, str]:
        """The metric and the column that `metric` (its primary column) or `metric.column` names.

        Raises:
            HardnessError: there is no such metric or column; the message lists those there are.
        """
        name, dot, rest = column.partition(".")
        info = self.metric(name)
        chosen = rest if dot else info.columns[0]
        if chosen not in info.columns:
            raise HardnessError(
                f"column must be one of {', '.join(f'{name}.{known}' for known in info.columns)}, "
                f"got {column!r}; choose one of those"
            )
        return info, chosen

    def column(self, column: str) -> pl.LazyFrame:
        """row (u64) and value of `metric` or `metric.column`, in order of row.

        Raises:
            HardnessError: there is no such column, or a part is missing or cut short.
        """
        info, chosen = self.resolve(column)
        return info.frame().select("row", chosen).rename({chosen: "value"})

    def frame(self, metric: str | None = None) -> pl.LazyFrame:
        """Scores as a lazy frame, in order of row.

        Args:
            metric: its row, id and columns as they are stored; None for all finished metrics joined
                on row, with columns `metric` (the primary one) and `metric.column`.

        Raises:
            HardnessError: there is no such metric, none at all, or a part is missing or cut short.
        """
        if metric is not None:
            return self.metric(metric).frame()
        infos = [self.metric(name) for name in self.metrics]
        if not infos:
            raise HardnessError(f"{self.path} must hold a metric, got none; score one first")
        from hardness.io.join import join_metrics

        return join_metrics(infos)

    def dataset(
        self,
        *,
        on_error: str = "raise",
        work: str | Path | None = None,
        largest_partition_bytes: int | None = None,
    ) -> Dataset:
        """The data that was scored, opened again with the same columns.

        Each file is looked for relative to the table, so that both can be moved together, and then
        where it was. The arguments are those of `open_dataset`.

        Raises:
            HardnessError: a file is missing or its contents changed since they were scored.
        """
        dataset = open_dataset(
            [self._find(file) for file in self.content["files"]],
            text=self.columns.text,
            label=self.columns.label,
            id=self.columns.id,
            group=self.columns.group,
            on_error=on_error,
            work=work,
            largest_partition_bytes=largest_partition_bytes,
        )
        if dataset.digest != self.digest:
            dataset.close()
            raise HardnessError(mismatch(self.path, self.content["files"], dataset))
        return dataset

    def _find(self, file: Mapping[str, Any]) -> str:
        places = list(dict.fromkeys((join(self.path, file["path"]), file["absolute"])))
        there = {place: size for place in places if (size := find_size(place)) is not None}
        if not there:
            raise HardnessError(
                f"data must be where it was scored, got no file {' or '.join(places)}; "
                f"put it back, or score it where it is now with -o {self.path}, which finds the "
                "scores of the same contents"
            )
        fitting = [place for place, size in there.items() if size == file["bytes"]]
        return [*fitting, *there][0]

    def metric_writer(
        self,
        name: str,
        *,
        parameters: Mapping[str, Any],
        direction: str | Mapping[str, str],
        columns: Mapping[str, pa.DataType],
        dataset: Dataset,
        replace: bool = False,
    ) -> MetricWriter:
        """Begin or resume a metric.

        Args:
            name: of the metric; letters, digits and _ : + -.
            parameters: all that decides its numbers, JSON-like. The text and id columns need not be
                among them; a label or group that is read must be.
            direction: "higher" or "lower", the way that is harder, for the primary column; or a
                mapping for several.
            columns: what it writes and as which types, the primary one first.
            dataset: the one the table is of; its partitions are the parts.
            replace: redo it even if it is complete.

        Returns:
            A writer whose `status` is "complete" (finished with the same parameters), "resume"
            (`missing` lists the parts to compute) or "new"; whose `replaced` tells that results of
            other parameters were there.

        Raises:
            HardnessError: the name is not allowed.
        """
        directions = {next(iter(columns)): direction} if isinstance(direction, str) else direction
        return start_metric(
            Opening(path=self.path, content=self.content, stale=self.stale),
            name,
            parameters=parameters,
            directions=directions,
            columns=columns,
            dataset=self.digest,
            inputs={"text": list(dataset.columns.text), "id": dataset.columns.id},
            parts=[(part.start_row, part.rows) for part in dataset.partitions],
            replace=replace,
        )


def open_table(path: AnyPath) -> HardnessTable:
    """Open a hardness table.

    Args:
        path: the folder that `score` wrote, a URL too.

    Raises:
        HardnessError: it is not a hardness table.
    """
    path = locate(path)
    if not (path / DATASET).is_file():
        hint = "score the data first"
        if path.is_file() and (default_folder(path) / DATASET).is_file():
            hint = f"its table is {default_folder(path)}"
        elif (path / "manifest.json").is_file():  # of a build
            hint = "it holds shards, which --shards takes where there is one"
        raise HardnessError(f"table must be a folder with {DATASET}, got {path}; {hint}")
    content = read_json(path / DATASET)
    try:
        check_version(path / DATASET, content)
        return _table(path, content)
    except (KeyError, TypeError) as error:
        raise HardnessError(
            f"{path / DATASET} must describe a dataset, got no {error}; "
            "delete the folder and score again"
        ) from error


def _table(path: Location, content: dict[str, Any], *, stale: bool = False) -> HardnessTable:
    columns = content["columns"]
    return HardnessTable(
        path=path,
        digest=content["digest"],
        rows=content["rows"],
        columns=Columns(**columns | {"text": tuple(columns["text"])}),
        content=content,
        stale=stale,
    )


def create_table(path: AnyPath, dataset: Dataset, *, replace: bool = False) -> HardnessTable:
    """The table of a dataset, as it will be once a metric is begun: nothing is written yet.

    Args:
        path: the folder; see `default_folder`.
        dataset: what is scored. Its columns become the table's; a label, id or group that an
            earlier scoring named is kept where this one names none.
        replace: finished scores of other data in the folder are to be removed; otherwise they are
            an error.

    Raises:
        OutputExistsError: the folder holds the scores of other data.
        HardnessError: it is no hardness table.
    """
    path = locate(path)
    earlier: HardnessTable | None = None
    stale = False
    if (path / DATASET).is_file():
        earlier = open_table(path)
        if earlier.digest != dataset.digest:
            if earlier.metrics and not replace:
                raise OutputExistsError(mismatch(path, earlier.content["files"], dataset))
            earlier, stale = None, True
    elif path.exists() and (not path.is_dir() or _strangers(path)):
        raise HardnessError(
            f"output must be a hardness table or a new folder, got {path}, which is neither; "
            "name another with -o"
        )
    columns = asdict(dataset.columns)
    if earlier is not None:
        kept = asdict(earlier.columns)
        columns = {key: value or kept[key] for key, value in columns.items()}
    return _table(path, _content(path, dataset) | {"columns": columns}, stale=stale)


def _strangers(folder: Location) -> bool:
    """Whether a folder without dataset.json holds more than a killed run's beginning of it."""
    return any(not entry.name.startswith(f".{DATASET}.tmp-") for entry in folder.iterdir())


def _content(path: Location, dataset: Dataset) -> dict[str, Any]:
    described = [
        {
            "path": relative(file.original, path),
            "absolute": file.original,
            "format": file.format,
            "bytes": file.bytes,
            "rows": file.rows,
            "xxh3_128": file.digest,
        }
        for file in dataset.files
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": _KIND,
        "code_version": __version__,
        "digest": dataset.digest,
        "rows": dataset.rows,
        "files": described,
    }
