"""Scores from another file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hardness.arguments import as_names
from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.metrics.base import Column, Metric
from hardness.metrics.given import harder_end


@dataclass(frozen=True, kw_only=True)
class ImportConfig:
    """Options of `import`.

    Attributes:
        source: files with the scores.
        on: column that names the record, in the files and in the data; `row` for its 0-based place
            in the data; the data's id where None.
        columns: which columns to take, as "a,b" or a sequence, the primary one first; all that hold
            numbers where None.
        higher: what a higher number means: a `harder` or an `easier` record; or "a=harder,b=easier"
            for columns that differ, of which those that are not named have no direction.
        name: the metric's name in the table; `import` where None.
    """

    source: Sequence[str] = ()
    on: str | None = None
    columns: str | Sequence[str] | None = None
    higher: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if not self.source:
            raise HardnessError(
                "from must be a file with scores for metric import, got none; name it with --from"
            )
        if self.higher is None:
            raise HardnessError(
                "higher must be harder or easier for metric import, got nothing; say what a higher "
                "number means, for example with --higher harder"
            )
        _ = self.chosen
        for name, end in self._ends():
            if name == "" or [other for other, _ in self._ends()].count(name) > 1:
                raise HardnessError(
                    f"higher must name each column once, got {self.higher!r}; write it like "
                    "loss=harder,margin=easier"
                )
            harder_end(end)

    @property
    def chosen(self) -> list[str] | None:
        """The columns to take, None for all that hold numbers."""
        if self.columns is None:
            return None
        names = list(as_names(self.columns))
        if not names or "" in names or len(set(names)) < len(names):
            raise HardnessError(
                f"columns must be different column names, got {self.columns!r}; write them like "
                "loss,margin"
            )
        return names

    def directions(self, columns: Sequence[str]) -> dict[str, Direction]:
        """The harder ends of columns that have one.

        Raises:
            HardnessError: a column is named that is none of them, or the first is not named.
        """
        ends = dict(self._ends())
        if None in ends:
            return dict.fromkeys(columns, harder_end(str(self.higher)))
        unknown = [name for name in ends if name not in columns]
        if unknown or columns[0] not in ends:
            got = repr(unknown[0]) if unknown else f"nothing for {columns[0]!r}, the primary column"
            raise HardnessError(
                f"higher must name columns among {', '.join(columns)}, the first of them too, got "
                f"{got}; choose and order columns with --columns"
            )
        return {str(name): harder_end(end) for name, end in ends.items()}

    def _ends(self) -> list[tuple[str | None, str]]:
        """Column, None for all, and what a higher number means."""
        higher = str(self.higher)
        if "=" not in higher:
            return [(None, higher)]
        parts = (part.rpartition("=") for part in higher.split(","))
        return [(name.strip(), end.strip()) for name, _, end in parts]


IMPORT = Metric(
    name="import",
    summary="Numbers from another file, joined to the records by their id or their row.",
    needs="--from FILE, whose column --on names records; --higher harder or easier",
    nulls="a record that the file does not have, or has without a number (null or NaN); an "
    "infinity is a score, the highest or the lowest",
    source="the file",
    columns=(
        Column(
            name="COLUMN",
            summary="each of the file's columns of numbers, or --columns, the first of them as "
            "primary; integers beyond 2^53 rounded; --higher says which end is harder",
        ),
    ),
    config=ImportConfig,
    stage="hardness.stages.imported",
    settles=True,
)
