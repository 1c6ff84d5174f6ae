"""One finished metric in a hardness table: a folder whose metric.json is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.io.atomic import read_json
from hardness.io.digest import file_digest
from hardness.io.storage import Location, of_each, sizes

if TYPE_CHECKING:
    import polars as pl

SCHEMA_VERSION = 1
PLAN, DONE = "plan.json", "metric.json"


@dataclass(frozen=True, kw_only=True)
class MetricInfo:
    """A finished metric, as its metric.json tells it."""

    path: Location
    name: str
    parameters: dict[str, Any]
    columns: tuple[str, ...]
    """The metric's columns, the primary one first."""
    directions: dict[str, Direction]
    """Column to "higher" or "lower", the way that is harder; columns without one are not scores."""
    dataset: str
    """Digest of the data that was scored."""
    rows: int
    """Records that have a row in the parts."""
    summary: dict[str, dict[str, Any]]
    """Column to count, nulls, mean and quantiles."""
    content: dict[str, Any]
    """All of metric.json."""

    @property
    def direction(self) -> Direction:
        """The way that is harder for the primary column."""
        return self.directions[self.columns[0]]

    def direction_of(self, column: str) -> Direction:
        """The way that is harder for a column.

        Raises:
            HardnessError: the column is not a score.
        """
        if column not in self.directions:
            raise HardnessError(
                f"column must be a score of {self.name}: {', '.join(self.directions)}, "
                f"got {column!r}, which has no direction; choose one of those"
            )
        return self.directions[column]

    def frame(self) -> pl.LazyFrame:
        """row, id (if the data has one) and the metric's columns, in order of row.

        Raises:
            HardnessError: a part is missing or cut short.
        """
        from hardness.io.frames import scan_parquet

        return scan_parquet(self.parts())

    def parts(self) -> list[Location]:
        """The part files, each there with its full size.

        Raises:
            HardnessError: one is not.
        """
        found: list[Location] = []
        there = sizes(self.path)
        for part in self.content["parts"]:
            path = self.path / part["name"]
            size = there.get(part["name"])
            if size != part["bytes"]:
                got = "nothing" if size is None else f"{size} bytes"
                raise HardnessError(
                    f"{path} must have {part['bytes']} bytes, got {got}; "
                    f"delete {self.path} and score again"
                )
            found.append(path)
        return found

    def verify(self) -> None:
        """Compare every part with its digest.

        Raises:
            HardnessError: a part is missing, cut short or altered.
        """
        paths = self.parts()
        digests = of_each(file_digest, paths)
        for path, digest, part in zip(paths, digests, self.content["parts"], strict=True):
            if digest != part.get("xxh3_128"):
                raise HardnessError(
                    f"{path} must be as it was written, got other contents of the same size; "
                    f"delete {self.path} and score again"
                )


def read_metric(folder: Location) -> MetricInfo | None:
    """The finished metric in a folder; None where there is none.

    Raises:
        HardnessError: metric.json cannot be read or was written by a newer version.
    """
    if not (folder / DONE).is_file():
        return None
    content = read_json(folder / DONE)
    try:
        check_version(folder / DONE, content)
        return MetricInfo(
            path=folder,
            name=content["name"],
            parameters=content["parameters"],
            columns=tuple(content["columns"]),
            directions=content["directions"],
            dataset=content["dataset"],
            rows=content["rows"],
            summary=content["summary"],
            content=content,
        )
    except (KeyError, TypeError) as error:
        raise HardnessError(
            f"{folder / DONE} must describe a metric, got no {error}; "
            f"delete {folder} and score again"
        ) from error


def check_version(path: Location, content: Any) -> None:
    """Refuse a file of another layout.

    Raises:
        HardnessError: its schema_version is not this one's.
    """
    if content["schema_version"] != SCHEMA_VERSION:
        raise HardnessError(
            f"{path} must be of schema version {SCHEMA_VERSION}, got {content['schema_version']}; "
            "install the version of hardness that wrote it, or score again"
        )


def full_name(metric: str, column: str) -> str:
    """`metric.column`, or the metric's name where its column has the same."""
    return metric if column == metric else f"{metric}.{column}"
