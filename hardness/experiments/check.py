"""What scoring, building, training or comparing would refuse, found before any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hardness.curriculum.curriculum import problems
from hardness.curriculum.spec import load_spec, over_spec
from hardness.errors import HardnessError
from hardness.experiments.check_data import Found, check_eval, look
from hardness.experiments.check_scores import held_metrics
from hardness.experiments.check_training import training_problems
from hardness.experiments.held import Held
from hardness.experiments.measures import OF_TASK
from hardness.io.settings import Keys, Settings
from hardness.training.columns import prompt_and_response
from hardness.training.config import TrainConfig
from hardness.training.labels import label_ids
from hardness.weighting import resolve

if TYPE_CHECKING:
    from hardness.experiments.experiment import Arm, Experiment


def check_experiment(settings: Settings, experiment: Experiment) -> None:
    """Refuse all that is wrong with an experiment but for what the settings alone tell."""
    with look(settings, experiment) as found:
        held = held_metrics(settings, experiment, found)
    read: set[str] = set()
    for arm in experiment.arms:
        _check_building(settings, arm, held)
        for name, message in training_problems(arm, found.columns).items():
            settings.refuse(_keys(settings, arm, name), message)
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


def _check_building(settings: Settings, arm: Arm, held: Held) -> None:
    given = {name: value for name, value in arm.build.items() if value is not None}
    options: dict[str, Any] | None = given
    if "curriculum" in given:
        try:
            options = over_spec(load_spec(str(given["curriculum"])), given)
        except HardnessError as error:
            settings.refuse(_keys(settings, arm, "curriculum"), str(error))
            options = None
    for name, message in problems(given).items():
        settings.refuse(_keys(settings, arm, name), message)
    rows = given.get("shard_rows", 1)
    if type(rows) is not int or rows < 1:
        settings.refuse(
            _keys(settings, arm, "shard_rows"),
            f"shard_rows must be at least 1, got {rows!r}; choose another",
        )
    if options is None:
        return  # what the curriculum would have said is not known
    weighting = arm.train.get("weighting", "uniform")
    if "weight" in _needs(weighting) and "weighting" not in options:
        settings.refuse(
            _keys(settings, arm, "weighting"),
            f"weighting must be one that the shards can serve, got {weighting!r} and shards "
            "without a column weight; name another, or a curriculum with a weighting",
        )
    for name, message in held.problems(options).items():
        written = name if name in given or name not in options else "curriculum"
        settings.refuse(_keys(settings, arm, written), message)


def _needs(weighting: Any) -> tuple[str, ...]:
    try:
        return tuple(resolve(weighting).needs)
    except HardnessError:
        return ()  # reported with the other options of the training


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
        if found.labels:
            _check_classes(settings, found)
        return *found.columns.text, str(found.columns.label)
    return ()


def _check_classes(settings: Settings, found: Found) -> None:
    try:
        label_ids(found.labels - {None})
    except HardnessError as error:
        settings.refuse(("label",), str(error))


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
