"""What is compared: one dataset and model, several arms, several seeds; read from YAML."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hardness.curriculum.build import build
from hardness.errors import HardnessError
from hardness.experiments.check import check_experiment
from hardness.experiments.check_data import DATA_OPTIONS
from hardness.experiments.measures import MEASURES
from hardness.io.settings import Keys, Settings, read_settings
from hardness.stages.score import score
from hardness.training.config import TrainConfig

_PLACES = frozenset(
    (
        *("table", "data", "shards", "output", "eval", "seed", "options", "examples"),
        *("memory", "work", "overwrite", "threads", "workers", "scheduler", "progress"),
        *("partition_bytes", "nproc", "device", "parallel"),
    )
)
"""Options that an experiment sets itself, or that say where it runs and not what it is."""


def _options(function: Any) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters) - _PLACES


BUILD_OPTIONS = _options(build) - {"weighting", "epochs"}
"""Those of an arm that its shards follow from. A weighting is applied by the training, which also
says how many epochs there are; the shards hold them all."""
TRAIN_OPTIONS = frozenset(field.name for field in fields(TrainConfig)) - _PLACES
KNOWN = (
    *("data", "eval", *DATA_OPTIONS, "table", "score", "train", "seeds"),
    *("measure", "baseline", "arms", "grid"),
)

_TEXTS = ("label", "id", "group", "on_error", "model", "weighting", "trainable", "observe")
_LISTS = ("text", "prompt", "response")
"""Options that are names, and those that may be several."""
SEEDS = 8
"""Where nobody says how many: enough for four arms beside the baseline to be significant."""
BASELINE = "baseline"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to train.

    Attributes:
        name: as the tables call it, and its folder's name.
        build: options of `hardness.build` that its shards are made with.
        train: options of `hardness.train`, those of the experiment and its own.
    """

    name: str
    build: Mapping[str, Any]
    train: Mapping[str, Any]

    def task(self, label: str | None) -> str:
        """What is trained on data with that label column."""
        return self.train.get("task") or ("causal-lm" if label is None else "classification")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A comparison of arms over seeds.

    Attributes:
        data, eval: files of the training and the evaluation records.
        columns: options that say what the records' columns are.
        table: a hardness table to use instead of scoring.
        score: options of `hardness.score`, one mapping a metric.
        seeds: of order, model and training alike; each arm is run with each.
        measure: a key of `MEASURES`; None takes accuracy for classification and the loss otherwise.
        baseline: name of the arm that the others are compared with.
        arms: the baseline first.
    """

    data: tuple[str, ...]
    eval: tuple[str, ...]
    columns: Mapping[str, Any]
    table: str | None
    score: tuple[Mapping[str, Any], ...]
    seeds: tuple[int, ...]
    measure: str | None
    baseline: str
    arms: tuple[Arm, ...]

    @property
    def scored(self) -> tuple[Mapping[str, Any], ...]:
        """What there is to score; nothing where a table alone is named."""
        return self.score or (() if self.table is not None else ({"metric": "perplexity"},))

    def tasks(self, label: str | None) -> list[str]:
        """The tasks of the arms on data with that label column, that of the baseline first."""
        return list(dict.fromkeys(arm.task(label) for arm in self.arms))


def read_experiment(path: str | Path, *, seeds: int | None = None) -> Experiment:
    """Read an experiment; the files that it names are beside it unless they are found from here.

    Args:
        path: of the YAML file.
        seeds: how many seeds to take instead of those that the file names.

    Raises:
        HardnessError: all that is wrong with it and the files that it names, each with its line.
    """
    settings = read_settings(path)
    values = settings.values
    settings.only((), values, KNOWN)
    if "data" not in values and "table" not in values:
        settings.refuse((), "data must name the records to train on, got none; add `data: FILE`")
    if "eval" not in values:
        settings.refuse((), "eval must name records to evaluate on, got none; add `eval: FILE`")
    common = _texts(settings, ("train",), _mapping(settings, ("train",), TRAIN_OPTIONS))
    if not _check_training(settings, ("train",), common):
        common = {}  # told once and not for every arm
    arms = _arms(settings, common)
    names = [arm.name for arm in arms]
    baseline = values.get("baseline", names[0] if names else BASELINE)
    if names and baseline not in names:
        rule = f"baseline must be one of the arms {', '.join(names)}"
        settings.refuse(("baseline",), f"{rule}, got {baseline!r}; add that arm")
    measure = values.get("measure")
    if measure not in (None, *MEASURES):
        rule = f"measure must be one of {', '.join(MEASURES)}"
        settings.refuse(("measure",), f"{rule}, got {measure!r}; choose one of them")
    found = Experiment(
        data=_files(settings, "data"),
        eval=_files(settings, "eval"),
        columns=_texts(settings, (), {key: values[key] for key in DATA_OPTIONS if key in values}),
        table=_table(settings),
        score=_scores(settings),
        seeds=_seeds(settings, seeds),
        measure=measure,
        baseline=baseline,
        arms=tuple(sorted(arms, key=lambda arm: arm.name != baseline)),
    )
    check_experiment(settings, found)
    settings.check()
    return found


def _files(settings: Settings, key: str) -> tuple[str, ...]:
    value: Any = settings.values.get(key, ())
    files = [value] if isinstance(value, str) else value
    if not isinstance(files, Sequence) or not all(isinstance(file, str) for file in files):
        settings.refuse((key,), f"{key} must be a file or a list of files, got {value!r}; mend it")
        return ()
    beside = settings.path.parent
    return tuple(
        str(beside / file) if not Path(file).exists() and (beside / file).exists() else file
        for file in files
    )


def _table(settings: Settings) -> str | None:
    value: Any = settings.values.get("table")
    if value is not None and not isinstance(value, str):
        settings.refuse(("table",), f"table must be a folder, got {value!r}; name one")
        return None
    beside = settings.path.parent / str(value)
    return str(beside) if value and not Path(value).exists() and beside.exists() else value


def _mapping(settings: Settings, keys: Keys, known: frozenset[str] | None) -> dict[str, Any]:
    """The mapping at `keys`, empty where there is none; refused if it is no mapping."""
    value: Any = settings.values
    for key in keys:
        value = (value or {}).get(key) if isinstance(value, Mapping) else value[key]
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        settings.refuse(keys, f"{keys[-1]} must be `key: value` lines, got {value!r}; mend it")
        return {}
    if known is not None:
        settings.only(keys, value, sorted(known))
    return dict(value)


def _texts(settings: Settings, keys: Keys, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options at `keys` but for those that must be text and are none, which are refused."""
    sound = {}
    for name, value in options.items():
        parts = value if isinstance(value, list) and name in _LISTS else [value]
        named = name not in (*_TEXTS, *_LISTS) or all(isinstance(part, str) for part in parts)
        if value is None or named:
            sound[name] = value
            continue
        rule = f"{name} must be a text{' or a list of texts' if name in _LISTS else ''}"
        settings.refuse((*keys, name), f"{rule}, got {value!r}; put it in quotes")
    return sound


def _scores(settings: Settings) -> tuple[Mapping[str, Any], ...]:
    listed = settings.values.get("score") or []
    if not isinstance(listed, list):
        rule = "score must be a list with a metric an item"
        settings.refuse(("score",), f"{rule}, got {listed!r}; begin its lines with a dash")
        return ()
    found = []
    for index, item in enumerate(listed):
        if isinstance(item, str):
            item = {"metric": item}
        if not isinstance(item, Mapping) or "metric" not in item:
            rule = "an item of score must name its metric"
            settings.refuse(("score", index), f"{rule}, got {item!r}; add `metric: NAME`")
            continue
        for name in sorted(set(item) & _PLACES & set(inspect.signature(score).parameters)):
            settings.refuse(
                ("score", index, name), f"{name} must be left to the command, got one; delete it"
            )
        found.append(dict(item))
    return tuple(found)


def _seeds(settings: Settings, wanted: int | None) -> tuple[int, ...]:
    value: Any = settings.values.get("seeds", SEEDS) if wanted is None else wanted
    seeds = list(range(value)) if type(value) is int else value
    fine = isinstance(seeds, list) and seeds and all(type(s) is int and s >= 0 for s in seeds)
    if not fine or len(set(seeds)) < len(seeds):
        rule = "seeds must be a number from 1 or a list of different numbers from 0"
        settings.refuse(("seeds",), f"{rule}, got {value!r}; {SEEDS} is the default")
        return ()
    return tuple(seeds)


def _arms(settings: Settings, common: Mapping[str, Any]) -> list[Arm]:
    """Those that are listed, then those of the grid."""
    described: dict[Keys, tuple[str, dict[str, Any]]] = {}
    for name in _mapping(settings, ("arms",), None):
        keys = ("arms", name)
        described[keys] = str(name), _mapping(settings, keys, BUILD_OPTIONS | TRAIN_OPTIONS)
    grid = _mapping(settings, ("grid",), BUILD_OPTIONS | TRAIN_OPTIONS)
    axes = [[(key, v) for v in (x if isinstance(x, list) else [x])] for key, x in grid.items()]
    for point in itertools.product(*axes) if axes else ():
        name = " ".join(f"{value}" for _, value in point)
        described["grid", name] = name, dict(point)
    if not described:
        settings.refuse((), "arms must name what is compared, got none; add `arms:` or `grid:`")
    arms: list[Arm] = []
    for keys, (name, options) in described.items():
        arm = _arm(settings, keys, name, options, common)
        if folder_name(name) in {folder_name(other.name) for other in arms}:
            settings.refuse(keys, f"arm must have a name of its own, got {name!r}; rename it")
        arms.append(arm)
    return arms


def _arm(
    settings: Settings,
    keys: Keys,
    name: str,
    options: Mapping[str, Any],
    common: Mapping[str, Any],
) -> Arm:
    options = _texts(settings, keys, options)
    own = {key: value for key, value in options.items() if key not in BUILD_OPTIONS}
    arm = Arm(
        name=name,
        build={key: value for key, value in options.items() if key in BUILD_OPTIONS},
        train={**common, **own},
    )
    _check_training(settings, keys, arm.train)
    return arm


def _check_training(settings: Settings, keys: Keys, options: Mapping[str, Any]) -> bool:
    """Refuse options that a training would refuse; unknown ones are refused elsewhere."""
    known = {key: value for key, value in options.items() if key in TRAIN_OPTIONS}
    try:
        TrainConfig(shards="shards", output="run", **known)
    except HardnessError as error:
        settings.refuse(keys, str(error))
        return False
    return True


def folder_name(name: str) -> str:
    """The name of an arm as that of a folder."""
    return re.sub(r"[^\w.=,+-]+", "-", name).strip("-.") or "arm"
