"""What a step of a recipe would refuse, found before the first of them runs."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardness.errors import HardnessError
from hardness.io.settings import Keys, Settings

if TYPE_CHECKING:
    from hardness.io.dataset import Dataset
    from hardness.metrics import Metric
    from hardness.recipes.recipe import Recipe, Step

METRIC = "perplexity"
"""What `score` takes where nobody says."""


def check_settings(
    file: Settings, keys: Keys, command: str, options: Mapping[str, Any], output: Path
) -> None:
    """Refuse options that are wrong whatever the data and the results of other steps are.

    Args:
        file: told of what is wrong.
        keys: of the command.
        command: its name.
        options: of its function, those that it does not have left out.
        output: the recipe's folder, in which what other steps make is.
    """
    checks: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, str]]] = {
        "build": _of_build,
        "train": _of_train,
        "score": _of_score,
    }
    given = {name: value for name, value in options.items() if value is not None}
    made = {name for name, value in given.items() if within(value, output)}
    if command == "score" and made - {"data", "output"}:
        return  # what it would say of a file that another step makes is not known
    known = {name: value for name, value in given.items() if name not in made}
    for name, message in checks.get(command, lambda _: {})(known).items():
        file.refuse((*keys, name), message)


def _of_build(options: Mapping[str, Any]) -> dict[str, str]:
    from hardness.curriculum.curriculum import problems
    from hardness.curriculum.spec import load_spec

    found = problems(options)
    try:
        if "curriculum" in options:
            load_spec(str(options["curriculum"]))
    except HardnessError as error:
        found["curriculum"] = str(error)
    return found


def _of_train(options: Mapping[str, Any]) -> dict[str, str]:
    from hardness.training.config import TrainConfig

    known = inspect.signature(TrainConfig).parameters
    options = {name: value for name, value in options.items() if name in known}
    try:
        TrainConfig(**{**options, "shards": "shards", "output": "run"})
    except HardnessError as error:
        return {"": str(error)}
    return {}


def _of_score(options: Mapping[str, Any]) -> dict[str, str]:
    try:
        _configured(options)
    except HardnessError as error:
        return {"": str(error)}
    return {}


def _metric(options: Mapping[str, Any]) -> Metric:
    from hardness.metrics import metrics

    return metrics.get(str(options.get("metric") or METRIC))


def _configured(options: Mapping[str, Any]) -> tuple[Metric, Any]:
    """The metric of a step and its config."""
    metric = _metric(options)
    own = {name: value for name, value in options.items() if name in metric.options}
    return metric, metric.configure(own)


def check_scoring(recipe: Recipe, steps: Sequence[Step]) -> None:
    """Refuse metrics that do not fit their data, or whose packages are not there.

    Args:
        recipe: whose file the mistakes are told with.
        steps: those to look at; of others, and of what they make, nothing is known.

    Raises:
        HardnessError: all that is wrong, each with its line.
    """
    with ExitStack() as opened:
        read: dict[str, Dataset] = {}
        for step in steps:
            if step.command != "score":
                continue
            try:
                _check_score(step.options, recipe.output, opened, read)
            except HardnessError as error:
                recipe.file.refuse(step.keys, str(error))
    recipe.file.check()


def _check_score(
    options: Mapping[str, Any], output: Path, opened: ExitStack, read: dict[str, Dataset]
) -> None:
    from hardness.io.dataset import open_dataset
    from hardness.stages.examine import examine, load

    given = {name: value for name, value in options.items() if value is not None}
    if any(within(value, output) for name, value in given.items() if name != "output"):
        load(_metric(given))
        return
    metric, config = _configured(given)
    if "data" not in given:
        load(metric)
        return
    names = ("data", "text", "label", "id", "group", "on_error", "work")
    wanted = {name: given[name] for name in names if name in given}
    key = repr(wanted)
    if key not in read:
        read[key] = opened.enter_context(open_dataset(wanted.pop("data"), **wanted))
    examine(metric, config, read[key])


def within(value: Any, folder: Path) -> bool:
    """Whether a value is a path in the folder, or one of several is; `..` is followed."""
    if isinstance(value, list | tuple):
        return any(within(item, folder) for item in value)
    if not isinstance(value, str | os.PathLike):
        return False
    path = os.path.abspath(str(value).removeprefix("hf:"))
    return Path(path).is_relative_to(os.path.abspath(folder))
