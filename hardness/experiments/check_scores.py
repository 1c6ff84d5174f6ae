"""The metrics of an experiment, looked at before the first of them is scored."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from hardness.errors import HardnessError
from hardness.experiments.check_data import DATA_OPTIONS, Found
from hardness.experiments.held import Held, HeldMetric
from hardness.io.dataset import Dataset, open_dataset
from hardness.io.settings import Keys, Settings
from hardness.io.table import HardnessTable
from hardness.metrics import Metric, metrics
from hardness.stages.examine import examine
from hardness.stages.score import score

if TYPE_CHECKING:
    from hardness.experiments.experiment import Experiment

_SCORE_OPTIONS = tuple(
    name
    for name, parameter in inspect.signature(score).parameters.items()
    if parameter.kind is not parameter.VAR_KEYWORD
)


def held_metrics(settings: Settings, experiment: Experiment, found: Found) -> Held:
    """What there will be to build by; refuses metrics and options that scoring would refuse."""
    held = Held(place=experiment.table or "the table of the experiment")
    if found.table is not None:
        held.metrics |= _of_table(found.table)
    elif not experiment.scored:
        held.open = True  # the table is not there, which is told already
    scored: set[str] = set()
    for index, item in enumerate(experiment.scored):
        keys: Keys = ("score", index)
        try:
            metric, config = _configured(settings, keys, item)
        except HardnessError as error:
            settings.refuse(keys, str(error))
            held.open = True  # nobody knows what was meant
            continue
        try:
            settled = metric
            if found.dataset is not None:
                settled = _examined(metric, config, item, experiment, found.dataset)
        except HardnessError as error:
            settings.refuse(keys, str(error))
            settled = metric  # what it would hold is known all the same
        if settled is metric and metric.settles:
            held.open = True  # but for its name
            continue
        if settled.name in scored:
            rule = f"score must name each metric once, got {settled.name!r} again"
            settings.refuse(keys, f"{rule}, which would take the first one's place; delete one")
        scored.add(settled.name)
        held.metrics[settled.name] = HeldMetric.of(settled.columns)
    return held


def _of_table(table: HardnessTable) -> dict[str, HeldMetric]:
    infos = [table.metric(name) for name in table.metrics]
    return {i.name: HeldMetric(columns=i.columns, directions=i.directions) for i in infos}


def _configured(settings: Settings, keys: Keys, item: Mapping[str, Any]) -> tuple[Metric, Any]:
    metric = metrics.get(str(item["metric"]))
    options = {
        key: value
        for key, value in item.items()
        # One of another metric may stay where it says nothing, as scoring lets it.
        if key not in _SCORE_OPTIONS and value is not None
    }
    settings.only(keys, options, metric.options)
    return metric, metric.configure({k: v for k, v in options.items() if k in metric.options})


def _examined(
    metric: Metric,
    config: Any,
    item: Mapping[str, Any],
    experiment: Experiment,
    dataset: Dataset,
) -> Metric:
    """The metric as the table will hold it, of the data with the columns that the item names."""
    own = {name: item[name] for name in DATA_OPTIONS if name in item}
    with ExitStack() as opened:
        if own:
            columns = {**experiment.columns, **own}
            dataset = opened.enter_context(open_dataset(list(experiment.data), **columns))
        return examine(metric, config, dataset)[0]
