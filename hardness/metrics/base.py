"""What a metric declares about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.registry import Registry

if TYPE_CHECKING:
    from hardness.io.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column that a metric writes.

    Attributes:
        name: as it stands in the table.
        summary: what it is, with unit and range.
        type: its Arrow type.
        harder: which end is the harder one; None where a column says nothing of hardness.
    """

    name: str
    summary: str
    type: str = "double"
    harder: Direction | None = None


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A named way to give each record one or more numbers.

    Attributes:
        name: as it is asked for.
        summary: one sentence.
        needs: the columns and options it needs.
        nulls: for which records its columns are null.
        source: paper and equation.
        columns: what it writes, the primary column first; of a metric that `settles`, what can be
            said before it is asked for.
        config: a frozen dataclass of its options; its fields are the options' names.
        stage: the module that computes it, imported when it is first run, so that a list of
            metrics loads no numba. It has `parameters(config, columns)`, all that decides the
            numbers, JSON-like; `store_bytes(config, dataset)`, about how many bytes the run needs
            in memory and how many in files where it may not have those; and `run(task, config)`,
            which takes a `hardness.stages.run.Run` and returns a `Tally`.
        partition_bytes: of input that a task reads where nothing else is said; None for what suits
            metrics that take less than a second for a megabyte.
        settles: its name, columns or directions depend on its options and the data. The stage then
            also has `settle(metric, config, dataset)`, which returns the metric as it will be.
        fixed: options that its name says, as `column:length` says which column. They cannot be
            given.
    """

    name: str
    summary: str
    needs: str
    nulls: str
    source: str
    columns: tuple[Column, ...]
    config: type[Any]
    stage: str
    partition_bytes: int | None = None
    settles: bool = False
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options that can be given."""
        return tuple(own.name for own in fields(self.config) if own.name not in self.fixed)

    def configure(self, options: dict[str, Any]) -> Any:
        """The metric's config made of those options that are not None.

        Raises:
            HardnessError: an option that this metric does not have, or a value out of range.
        """
        given = {name: value for name, value in options.items() if value is not None}
        unknown = sorted(set(given) - set(self.options))
        if unknown:
            raise HardnessError(
                f"options of metric {self.name} must be among {', '.join(self.options)}, got "
                f"{', '.join(unknown)}; leave {'it' if len(unknown) == 1 else 'them'} out"
            )
        return self.config(**given, **self.fixed)

    def settled(self, config: Any, dataset: Dataset) -> Metric:
        """The metric with its final name, columns and directions.

        Raises:
            HardnessError: the options do not fit the data.
        """
        return self.load_stage().settle(self, config, dataset) if self.settles else self

    def load_stage(self) -> Any:
        """The module that computes the metric."""
        return import_module(self.stage)


metrics: Registry[Metric] = Registry("metric")
