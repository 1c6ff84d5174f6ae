"""The data of an experiment, looked at before anything is scored, built or trained."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardness.curriculum.manifest import MANIFEST_NAME
from hardness.curriculum.shards import open_shards
from hardness.errors import HardnessError
from hardness.io.dataset import Dataset, open_dataset
from hardness.io.opening import DATASET
from hardness.io.records import Columns
from hardness.io.settings import Settings
from hardness.io.storage import locate
from hardness.io.table import HardnessTable, create_table, open_table
from hardness.training.config import TINY
from hardness.training.labels import label_name

if TYPE_CHECKING:
    from hardness.experiments.experiment import Experiment

DATA_OPTIONS = ("text", "label", "id", "group", "on_error")
"""Those that say how records are read."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the files are.

    Attributes:
        table: the hardness table that is there already.
        columns: of the training records; None where they could not be read.
        names: all columns of the training records.
        labels: of the training records, as text, and None where one has none.
        dataset: the training records themselves, while they are looked at.
    """

    table: HardnessTable | None = None
    columns: Columns | None = None
    names: tuple[str, ...] = ()
    labels: frozenset[str | None] = frozenset()
    dataset: Dataset | None = None


@contextmanager
def look(settings: Settings, experiment: Experiment) -> Iterator[Found]:
    """Open the table and the training records; what is wrong with them is refused."""
    with ExitStack() as opened:
        yield _look(settings, experiment, opened)


def _look(settings: Settings, experiment: Experiment, opened: ExitStack) -> Found:
    place, table = experiment.table, None
    try:
        if place is not None and (not experiment.scored or (locate(place) / DATASET).is_file()):
            table = open_table(place)
    except HardnessError as error:
        settings.refuse(("table",), str(error))
        return Found()
    try:
        if table is not None and not experiment.scored:
            dataset = table.dataset(on_error="skip")
        elif experiment.data:
            dataset = open_dataset(list(experiment.data), **experiment.columns)
        else:
            return Found(table=table)
    except HardnessError as error:
        settings.refuse(("data",) if experiment.scored else ("table",), str(error))
        return Found(table=table)
    opened.enter_context(dataset)
    columns = dataset.columns
    try:
        if place is not None:  # nothing is written: what may not be is refused
            columns = create_table(place, dataset).columns
    except HardnessError as error:
        settings.refuse(("table",), str(error))
    label, labels = columns.label, frozenset()
    try:
        labels = frozenset() if label is None else frozenset(_labels(dataset, label))
    except HardnessError as error:
        settings.refuse(("data",), str(error))
    names = dataset.column_names
    return Found(table=table, columns=columns, names=names, labels=labels, dataset=dataset)


def check_eval(
    settings: Settings, experiment: Experiment, found: Found, read: Collection[str]
) -> None:
    """Refuse evaluation records that a training could not be evaluated on: all are read.

    Args:
        settings: told of what is wrong.
        experiment: names the records.
        found: the training records.
        read: the columns that some arm reads.
    """
    columns = found.columns
    if columns is None or not experiment.eval:
        return
    label = columns.label if columns.label in read else None
    try:
        if len(experiment.eval) == 1 and (locate(experiment.eval[0]) / MANIFEST_NAME).is_file():
            _require(open_shards(experiment.eval[0]).columns, read)
            return
        with open_dataset(list(experiment.eval), text=list(columns.text), label=label) as dataset:
            _require(dataset.column_names, read)
            for partition in dataset.partitions:
                dataset.read(partition, sorted(read))
            if label is not None:
                got = _labels(dataset, label)
                own = any(str(arm.train.get("model", TINY)) != TINY for arm in experiment.arms)
                _check_labels(got & {None} if own else got, found.labels, label)
    except HardnessError as error:
        settings.refuse(("eval",), f"eval: {error}")


def _labels(dataset: Dataset, label: str) -> set[str | None]:
    """The distinct labels as text; None among them if one is missing."""
    found: set[str | None] = set()
    for partition in dataset.partitions:
        column = dataset.read(partition, [label]).table.column(label)
        found |= {None if x is None else label_name(x) for x in column.unique().to_pylist()}
    return found


def _require(names: Collection[str], read: Collection[str]) -> None:
    missing = sorted(set(read) - set(names))
    if missing:
        raise HardnessError(
            f"columns must include {', '.join(sorted(read))}, got no {', '.join(missing)}; "
            "evaluate on data with the columns of the training data"
        )


def _check_labels(got: set[str | None], known: frozenset[str | None], label: str) -> None:
    named = known - {None}
    unknown = sorted("null" if name is None else name for name in got - named)
    if unknown:
        raise HardnessError(
            f"{label} must be one of {', '.join(sorted(map(str, named)))}, got "
            f"{', '.join(unknown)}; give every record one of the labels that the model is trained "
            "on"
        )
