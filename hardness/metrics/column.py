"""A score that the data already carries."""

from __future__ import annotations

from dataclasses import dataclass

from hardness.errors import HardnessError
from hardness.metrics.base import Column, Metric
from hardness.metrics.given import harder_end


@dataclass(frozen=True, kw_only=True)
class ColumnConfig:
    """Options of `column:NAME`.

    Attributes:
        column: the data's column; what follows the colon of the metric's name.
        higher: what a higher number means: a `harder` or an `easier` record. It must be given.
        name: the metric's name in the table; `column:NAME` where None.
    """

    column: str
    higher: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if self.higher is None:
            raise HardnessError(
                f"higher must be harder or easier for metric column:{self.column}, got nothing; "
                "say what a higher number means, for example with --higher harder"
            )
        harder_end(self.higher)


def column_metric(column: str) -> Metric:
    """The metric `column:NAME` of one of the data's columns."""
    return Metric(
        name=f"column:{column}",
        summary="A number that each record already has in one of its columns.",
        needs=f"a column {column} of integers, numbers or booleans; --higher harder or easier",
        nulls="a record where it is null or NaN; an infinity is a score, the highest or the lowest",
        source="the data",
        columns=(
            Column(
                name="value",
                summary="the number, false and true as 0 and 1, integers beyond 2^53 rounded; "
                "--higher says which end is harder",
            ),
        ),
        config=ColumnConfig,
        stage="hardness.stages.column",
        settles=True,
        fixed={"column": column},
    )
