"""`hardness run`: the steps of a recipe, one after the other."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hardness
from hardness.errors import HardnessError, OutputExistsError, require
from hardness.experiments.packages import packages
from hardness.io.atomic import read_json, write_json
from hardness.io.digest import object_digest
from hardness.io.shipped import PIPELINES
from hardness.progress import Progress
from hardness.recipes.check import check_scoring
from hardness.recipes.recipe import OUTPUT, Recipe, Step, read_recipe
from hardness.training import packages as training
from hardness.training.progress import StepProgress

MARK = "recipe.json"
KNOWS_ITSELF = ("score", "build", "train")
"""Commands that find their own result, and notice when the data or shards behind it changed. Others
are skipped where they are finished and nothing before them was done again."""
FINISHED, CHANGED, TO_DO = "finished", "changed", "to do"


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What becomes or became of a step.

    Attributes:
        step: the step.
        state: `finished` with these options, `changed` since, or `to do`.
        seconds: wall time of the step; None where it was not run.
        result: what its function returned; None where it was not run or had nothing to do.
    """

    step: Step
    state: str
    seconds: float | None = None
    result: Any = None


def plan(recipe: Recipe) -> list[StepReport]:
    """What a run would do; nothing is written."""
    known = _read_mark(recipe.output)
    return [StepReport(step=step, state=_state(step, known)) for step in recipe.steps]


def run(
    recipe: str | Path,
    *,
    changes: Mapping[str, str] | None = None,
    tell: Callable[[StepReport], None] | None = None,
    progress: Progress | None = None,
) -> list[StepReport]:
    """Run the steps of a recipe, in order.

    A step that is finished with the same options finds its result and does nothing more; one whose
    options or inputs changed is done again and replaces it. Everything is written into the
    recipe's output folder, where nothing else may be.

    Args:
        recipe: name of a shipped one, or a YAML file.
        changes: see `hardness.recipes.recipe.read_recipe`.
        tell: called before each step, with its state, and after it, with its result.
        progress: is told of what a step does.

    Returns:
        A report for each step.

    Raises:
        HardnessError: a wrong recipe, a package that a step will need and that is missing, a metric
            that does not fit its data, or what a step refuses.
    """
    read = read_recipe(PIPELINES.find(recipe), changes)
    to_do = [planned.step for planned in plan(read) if planned.state != FINISHED]
    for step in to_do:
        require(*_packages(step))
    check_scoring(read, to_do[1:])  # the first finds out by itself, and at once
    known = _claim(read)
    reports = []
    nothing_new = True
    for planned in plan(read):
        if tell is not None:
            tell(planned)
        began = time.perf_counter()
        done_before = nothing_new and planned.state == FINISHED and _is_there(planned.step)
        result = None
        if planned.step.command in KNOWS_ITSELF or not done_before:
            result = _do(planned.step, progress)
            nothing_new = nothing_new and getattr(result, "cached", False)
        known[planned.step.name] = _identity(planned.step)
        write_json(read.output / MARK, {"kind": "hardness-recipe", "steps": known})
        done = StepReport(
            step=planned.step,
            state=planned.state,
            seconds=time.perf_counter() - began,
            result=result,
        )
        if tell is not None:
            tell(done)
        reports.append(done)
    return reports


def _packages(step: Step) -> Sequence[str]:
    """Those that the step needs and that reading the recipe has not loaded."""
    if step.command == "compare":
        return packages((), step.options.get("scheduler"))
    if step.command == "train":
        return training.packages(step.options)
    return ["kenlm"] if step.command == "score" and step.options.get("metric") == "kenlm" else []


def _is_there(step: Step) -> bool:
    return Path(str(step.options.get(OUTPUT, "."))).exists()


def _do(step: Step, progress: Progress | None) -> Any:
    """Call the function of a step; another result that is there gives way, unless it says not."""
    function = getattr(hardness, step.command)
    parameters = inspect.signature(function).parameters
    options = dict(step.options)
    if "progress" in parameters:
        options["progress"] = progress
    if "listener" in parameters and progress is not None:
        options["listener"] = StepProgress("training", progress)
    try:
        return function(**options)
    except OutputExistsError:
        if "overwrite" in options:
            raise
        # It lies in the recipe's own folder, so this recipe has made it.
        return function(**options, overwrite=True)


def _claim(recipe: Recipe) -> dict[str, str]:
    """Make the output folder, or recognise it as a recipe's.

    Returns:
        Step to what it was when it was finished.
    """
    folder = recipe.output
    theirs = folder.exists() and not (folder / MARK).is_file()
    if theirs and (not folder.is_dir() or any(folder.iterdir())):
        raise HardnessError(
            f"output must be a new folder or that of an earlier run of a recipe, got {folder}; "
            "choose another with --set output=FOLDER"
        )
    known = _read_mark(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / MARK, {"kind": "hardness-recipe", "steps": known})
    return known


def _read_mark(folder: Path) -> dict[str, str]:
    mark = folder / MARK
    known = read_json(mark) if mark.is_file() else {"steps": {}}
    if not isinstance(known, dict) or not isinstance(known.get("steps"), dict):
        raise HardnessError(
            f"{mark} must say which steps are finished, got none; delete it and choose another "
            "folder with --set output=FOLDER"
        )
    return dict(known["steps"])


def _state(step: Step, known: Mapping[str, str]) -> str:
    if step.name not in known:
        return TO_DO
    return FINISHED if known[step.name] == _identity(step) else CHANGED


def _identity(step: Step) -> str:
    described = {"command": step.command, "options": dict(step.options)}
    return object_digest(described | {"code": hardness.__version__})
