"""What scoring would refuse of a metric and its options, found before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hardness.errors import UnlabelledError, explain_missing
from hardness.io.dataset import Dataset
from hardness.metrics import Metric


def examine(metric: Metric, config: Any, dataset: Dataset) -> tuple[Metric, dict[str, Any]]:
    """The metric as a table of the dataset will hold it, and all that decides its scores.

    Args:
        metric: what is asked for.
        config: its options.
        dataset: what is to be scored.

    Raises:
        HardnessError: a package, a file or a column that the metric needs is not there, or the
            options do not fit the data.
    """
    stage = load(metric)
    with _explained(), _unlabelled(dataset):
        settled = metric.settled(config, dataset)
        decided = stage.parameters(config, dataset.columns)
        check = getattr(stage, "check", None)
        if check is not None:
            check(config, dataset)
        return settled, decided


def load(metric: Metric) -> Any:
    """The stage of a metric.

    Raises:
        HardnessError: a package that it needs is missing.
    """
    with _explained():
        return metric.load_stage()


@contextmanager
def _unlabelled(dataset: Dataset) -> Iterator[None]:
    """Say of a label that is missed which column would have been it."""
    try:
        yield
    except UnlabelledError as error:
        if dataset.unfit_label is None:
            raise
        raise UnlabelledError(f"{error}; {dataset.unfit_label}") from error


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        explained = explain_missing(error)
        if explained is None:
            raise
        raise explained from error
