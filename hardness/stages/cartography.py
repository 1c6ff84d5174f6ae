"""Cartography as stages: find the dynamics or record them, then reduce them to a table."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from hardness.errors import HardnessError
from hardness.io.dataset import Dataset
from hardness.io.dynamics import JSONL, Dynamics, find_dynamics
from hardness.io.dynamics_origin import Origin, find_data, find_origin
from hardness.io.records import Columns
from hardness.metrics.cartography import CartographyConfig
from hardness.stages.dynamics_records import find_records
from hardness.stages.dynamics_reduce import Reducer, name_classes
from hardness.stages.dynamics_seen import SEEN, see
from hardness.stages.label_counts import label_notes
from hardness.stages.run import Run, Tally

_BYTES_OF_GUID = 24
"""Hash, row and a copy of an observation on the way to its row."""
_BYTES_OF_LINE = 60


def parameters(config: CartographyConfig, columns: Columns) -> dict[str, Any]:
    """All that decides the scores.

    Raises:
        HardnessError: there are no such dynamics, or the proxy will not have such epochs.
    """
    if config.dynamics is not None:
        dynamics = find_dynamics(config.dynamics, config.first_and_last)
        epochs = dynamics.epochs
        return {"dynamics": dynamics.digest(), "epochs": f"{epochs[0]}..{epochs[-1]}"}
    decided: dict[str, Any] = _proxy().proxy_parameters(config, columns)
    trained = decided["proxy_epochs"]
    if config.first_and_last is not None and config.first_and_last[1] > trained:
        raise HardnessError(
            f"epochs must be within 1..{trained}, those of the proxy, got {config.epochs}; choose "
            "among them or train longer with --proxy-epochs"
        )
    return decided | ({"epochs": config.epochs} if config.epochs is not None else {})


def check(config: CartographyConfig, dataset: Dataset) -> None:
    """Refuse what does not fit the data.

    Raises:
        HardnessError: the dynamics are of other data, or there are more folds than records.
    """
    if config.dynamics is not None:
        dynamics = find_dynamics(config.dynamics, config.first_and_last)
        _check_origin(find_origin(dynamics), dynamics, dataset)
    elif config.folds is not None and config.folds > dataset.rows:
        raise HardnessError(
            f"folds must be at most the number of records, {dataset.rows:,}, got "
            f"{config.folds:,}; 5 to 10 are usual"
        )


def implied_data(config: CartographyConfig) -> tuple[list[str], Columns]:
    """The data that dynamics are of, and its columns, where the data is not named.

    Raises:
        HardnessError: they are not known of these dynamics.
    """
    origin = None
    if config.dynamics is not None:
        origin = find_origin(find_dynamics(config.dynamics, config.first_and_last))
    if origin is None:
        raise HardnessError(
            "data must be named, as it is known for the dynamics of a run of `hardness train` "
            "only, got none; give the files of the records"
        )
    files = find_data(origin)
    assert origin.columns is not None
    return files, origin.columns


def store_bytes(config: CartographyConfig, dataset: Dataset) -> tuple[int, int]:
    """About how much the stages need in memory, and how much they leave in files at most."""
    if config.dynamics is None:
        return _proxy().proxy_bytes(config, dataset)
    dynamics = find_dynamics(config.dynamics, config.first_and_last)
    observations = dataset.rows * len(dynamics.epochs)
    each = SEEN.itemsize
    if dynamics.format == JSONL:
        observations = max(observations, dynamics.n_bytes // _BYTES_OF_LINE)
        each = 2 * SEEN.itemsize + _BYTES_OF_GUID
    needed = observations * each + dataset.rows * _BYTES_OF_GUID
    return needed + needed // 4, needed


def run(task: Run, config: CartographyConfig) -> Tally:
    """Reduce dynamics to the columns of the task's metric and write the parts that are missing."""
    folder, counts = config.dynamics, None
    if folder is None:
        folder, counts = _proxy().record(task, config)
    dynamics = find_dynamics(folder, config.first_and_last)
    origin = find_origin(dynamics)
    suggests = "suggested" in [column.name for column in task.metric.columns]
    with_labels = suggests and dynamics.format == JSONL and task.dataset.columns.label is not None
    records = find_records(task, dynamics, with_labels=with_labels)
    seen = see(task, dynamics, records, with_predicted=suggests)
    classes: list[str] = []
    if suggests:
        known = () if origin is None else origin.classes
        classes = name_classes(task, seen, dynamics.epochs, known, by_label=with_labels)
    task.writer.begin()
    results = task.cluster.map(
        "mapping",
        Reducer(
            seen=seen,
            epochs=tuple(dynamics.epochs),
            classes=tuple(classes),
            columns=tuple(column.name for column in task.metric.columns),
            ids=task.dataset.columns.id,
            missing=frozenset(task.writer.missing),
            store=task.store,
            writer=task.writer,
        ),
        task.dataset.partitions,
        sizes=[part.rows for part in task.dataset.partitions],
        unit="records",
    )
    dynamics.check_unchanged()
    if config.dynamics is not None and not any(result["observations"] for result in results):
        raise HardnessError(
            f"dynamics must be of the data that is scored, got {dynamics.folder}, which observes "
            "none of its records; record them again, or choose other epochs with --epochs"
        )
    facts, notes = _facts(dynamics, results)
    if counts is not None:
        facts["classes"] = len(counts)
        notes += label_notes(counts, task.dataset.columns.label)
    return Tally(rejects=records.rejects, facts=facts, notes=tuple(notes))


def _facts(
    dynamics: Dynamics, results: Sequence[dict[str, int]]
) -> tuple[dict[str, Any], list[str]]:
    """What metric.json tells of the dynamics, and the notes."""
    sums = {name: sum(result[name] for result in results) for name in results[0]}
    n_epochs = len(dynamics.epochs)
    notes = [f"{sums['observations']:,} observations in {n_epochs} epoch{'s'[: n_epochs > 1]}"]
    if sums["partly_observed"] or sums["never_observed"]:
        notes.append(
            f"records missing in some of the epochs: {sums['partly_observed']:,}, "
            f"in all of them: {sums['never_observed']:,}"
        )
    return dict(sums), notes


def _check_origin(origin: Origin | None, dynamics: Dynamics, dataset: Dataset) -> None:
    """Refuse dynamics of other data, where they tell."""
    if origin is None or origin.dataset in (None, dataset.digest):
        return
    names = ", ".join(str(file["path"]) for file in origin.files)
    raise HardnessError(
        f"dynamics must be of the data that is scored, got {dynamics.folder} of a run on other "
        f"data ({names}); name that data, or leave it out to have it found"
    )


def _proxy() -> Any:
    """The stages that train and observe a model, loaded only where one is asked for."""
    return import_module("hardness.stages.proxy")
