"""What scoring, building, training or comparing would refuse, found before any of them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hardness.curriculum.admission import parse_admission
from hardness.curriculum.curriculum import problems
from hardness.curriculum.spec import load_spec
from hardness.errors import HardnessError
from hardness.experiments.check_data import Found, check_eval, look
from hardness.experiments.measures import OF_TASK
from hardness.expression import parse
from hardness.io.settings import Keys, Settings
from hardness.io.unscored import unscored
from hardness.metrics import metrics
from hardness.stages.score import score
from hardness.training.columns import prompt_and_response
from hardness.training.config import TrainConfig
from hardness.weighting import resolve

if TYPE_CHECKING:
    from hardness.experiments.experiment import Arm, Experiment

_SCORE_OPTIONS = tuple(
    name
    for name, parameter in inspect.signature(score).parameters.items()
    if parameter.kind is not parameter.VAR_KEYWORD
)


@dataclass(kw_only=True)
class _Metrics:
    """Metrics that the table will hold.

    Attributes:
        columns: name to its columns, the primary one first; None where only scoring tells.
        scores: name to those of them that say which way is harder, likewise.
        open: scoring may add metrics of other names.
        known: nothing was wrong with what is to be scored.
    """

    columns: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    scores: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    open: bool = False
    known: bool = True


def check_experiment(settings: Settings, experiment: Experiment) -> None:
    """Refuse all that is wrong with an experiment but for what the settings alone tell."""
    found = look(settings, experiment)
    held = _metrics(settings, experiment, found)
    read: set[str] = set()
    for arm in experiment.arms:
        _check_building(settings, experiment, arm, held)
        if found.columns is not None:
            read.update(_check_columns(settings, arm, found))
    if found.columns is not None:
        _check_measure(settings, experiment, found.columns.label)
    check_eval(settings, experiment, found, read)


def _keys(settings: Settings, arm: Arm, option: str) -> Keys:
    """Where an option of an arm is written: with the arm, in the grid, or with the training."""
    own: Keys = ("arms", arm.name) if settings.has(("arms", arm.name)) else ("grid",)
    for keys in ((*own, option), ("train", option)):
        if settings.has(keys):
            return keys
    return own


def _metrics(settings: Settings, experiment: Experiment, found: Found) -> _Metrics:
    """What there will be to build by; refuses metrics and options that scoring does not know."""
    held = _Metrics()
    if found.table is not None:
        table = found.table
        infos = [table.metric(name) for name in table.metrics]
        held.columns = {info.name: info.columns for info in infos}
        held.scores = {info.name: tuple(info.directions) for info in infos}
    elif not experiment.scored:
        held.known = False  # the table is not there, which is told already
    for index, item in enumerate(experiment.scored):
        keys = ("score", index)
        options = {
            key: value
            for key, value in item.items()
            # One of another metric may stay where it says nothing, as scoring lets it.
            if key not in _SCORE_OPTIONS and value is not None
        }
        try:
            metric = metrics.get(str(item["metric"]))
            settings.only(keys, options, metric.options)
            known = {key: value for key, value in options.items() if key in metric.options}
            metric.configure(known)
        except HardnessError as error:
            settings.refuse(keys, str(error))
            held.known = False
            continue
        held.open = held.open or metric.settles
        of = metric.columns
        held.columns[metric.name] = None if metric.settles else tuple(c.name for c in of)
        held.scores[metric.name] = (
            None if metric.settles else tuple(c.name for c in of if c.harder is not None)
        )
    return held


def _check_building(settings: Settings, experiment: Experiment, arm: Arm, held: _Metrics) -> None:
    options = dict(arm.build)
    if "curriculum" in options:
        try:
            options = load_spec(str(options["curriculum"])) | options
        except HardnessError as error:
            settings.refuse(_keys(settings, arm, "curriculum"), str(error))
    for name, message in problems(arm.build).items():
        settings.refuse(_keys(settings, arm, name), message)
    rows = arm.build.get("shard_rows", 1)
    if type(rows) is not int or rows < 1:
        settings.refuse(
            _keys(settings, arm, "shard_rows"),
            f"shard_rows must be at least 1, got {rows!r}; choose another",
        )
    weighting = arm.train.get("weighting", "uniform")
    if "weight" in _needs(weighting) and "weighting" not in options:
        settings.refuse(
            _keys(settings, arm, "weighting"),
            f"weighting must be one that the shards can serve, got {weighting!r} and shards "
            "without a column weight; name another, or a curriculum with a weighting",
        )
    if held.known:
        _check_by(settings, experiment, arm, options, held)


def _needs(weighting: Any) -> tuple[str, ...]:
    try:
        return tuple(resolve(weighting).needs)
    except (HardnessError, AttributeError, TypeError):
        return ()  # reported with the other options of the training


def _check_by(
    settings: Settings,
    experiment: Experiment,
    arm: Arm,
    options: Mapping[str, Any],
    held: _Metrics,
) -> None:
    """Refuse an arm whose `by` or `admit` names what the table will not hold."""
    by, admit = options.get("by"), options.get("admit")
    place = experiment.table or "the table of the experiment"
    names = sorted(held.columns)
    try:
        if by is not None:
            known = str(by).partition(".")[0] in held.columns
            references = (str(by),) if known else parse(str(by), names, option="by").references
        elif admit is not None:
            references = tuple(item.column for item in parse_admission(str(admit)))
        elif len(names) != 1 and not held.open:
            raise HardnessError(
                f"by must be one of {', '.join(names)} when a table has several metrics, got none; "
                f"add it, for example by: {names[0]}"
                if names
                else f"{place} must hold a finished metric, got none; add `score: [perplexity]`"
            )
        else:
            references = ()
        for reference in references:
            _check_reference(reference, held, place)
        if by is not None and references == (str(by),):
            _check_direction(str(by), held)
    except HardnessError as error:
        settings.refuse(_keys(settings, arm, "by" if "by" in arm.build else "admit"), str(error))


def _check_reference(reference: str, held: _Metrics, place: str) -> None:
    name, dot, column = reference.partition(".")
    if name not in held.columns:
        if held.open:
            return
        raise unscored(name, sorted(held.columns), place)
    columns = held.columns[name]
    if dot and columns is not None and column not in columns:
        raise HardnessError(
            f"column must be one of {', '.join(f'{name}.{known}' for known in columns)}, got "
            f"{reference!r}; choose one of those"
        )


def _check_direction(reference: str, held: _Metrics) -> None:
    name, _, column = reference.partition(".")
    scores = held.scores.get(name)
    if column and scores is not None and column not in scores:
        raise HardnessError(
            f"column must be a score of {name}: {', '.join(scores)}, got {column!r}, which has no "
            "direction; choose one of those"
        )


def _check_columns(settings: Settings, arm: Arm, found: Found) -> tuple[str, ...]:
    """Refuse a task that the data is none of, and columns that it does not have.

    Returns:
        The columns that the arm reads.
    """
    assert found.columns is not None
    task = arm.task(found.columns.label)
    given = {name: arm.train[name] for name in ("prompt", "response") if name in arm.train}
    if task == "classification" and found.columns.label is None:
        settings.refuse(
            _keys(settings, arm, "task"),
            "task must be causal-lm for data without a label column, got 'classification'; name "
            "the label with `label: NAME`, or leave the task out",
        )
    elif task == "classification" and given:
        settings.refuse(
            _keys(settings, arm, next(iter(given))),
            "prompt and response must be left out for classification, got them; add "
            "`task: causal-lm`",
        )
    elif task == "causal-lm":
        options = TrainConfig(shards="shards", output="run", **given)
        try:
            prompt, response = prompt_and_response(
                found.columns.text,
                options.prompt_columns,
                options.response_columns,
                known=found.names,
            )
            return *prompt, *response
        except HardnessError as error:
            settings.refuse(_keys(settings, arm, next(iter(given), "response")), str(error))
    else:
        return *found.columns.text, str(found.columns.label)
    return ()


def _check_measure(settings: Settings, experiment: Experiment, label: str | None) -> None:
    tasks = experiment.tasks(label)
    shared = [name for name in OF_TASK[tasks[0]] if all(name in OF_TASK[task] for task in tasks)]
    measure = experiment.measure or OF_TASK[tasks[0]][0]
    if measure not in shared:
        what = "this task" if len(tasks) == 1 else f"arms of {' and '.join(tasks)}"
        settings.refuse(
            ("measure",),
            f"measure must be one of {', '.join(shared)} for {what}, got {measure!r}; "
            "choose one of them",
        )
