"""A recipe: settings, and steps that are functions of hardness with their options, in YAML."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

import hardness
from hardness.errors import HardnessError
from hardness.io.settings import Keys, Settings, read_settings
from hardness.recipes.check import check_settings, within

COMMANDS = ("score", "combine", "build", "train", "lm", "compare", "report")
"""Those that a step may be, each by the function of `hardness` of that name."""
OUTPUT = "output"
"""The setting that names the folder of everything a recipe writes."""
IN_PLACE = ("combine",)
"""Commands that write into a table that is there."""
_REFERENCE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a recipe.

    Attributes:
        name: its own; that of its command unless the recipe names it.
        command: one of `COMMANDS`.
        options: of the command's function, settings filled in.
        keys: where the file has it.
    """

    name: str
    command: str
    options: Mapping[str, Any]
    keys: Keys = ()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A chain of steps.

    Attributes:
        path: of its file.
        settings: by name, those that were set on the command line included.
        steps: in the order in which they run.
        file: what it was read from.
    """

    path: Path
    settings: Mapping[str, Any]
    steps: tuple[Step, ...]
    file: Settings = field(repr=False, compare=False)

    @property
    def output(self) -> Path:
        """Folder of everything that the recipe writes."""
        return Path(str(self.settings[OUTPUT]))


def read_recipe(path: str | Path, changes: Mapping[str, str] | None = None) -> Recipe:
    """Read a recipe.

    Args:
        path: of the YAML file: `settings`, a mapping, and `steps`, a list whose items name a
            command and its options; `{name}` in a text stands for a setting.
        changes: `name` (of a setting) or `step.option`, to a value in YAML.

    Raises:
        HardnessError: all that is wrong with it, each with its line, and every change of what is
            not there.
    """
    file = read_settings(path)
    file.only((), file.values, ("settings", "steps"))
    settings = file.values.get("settings") or {}
    listed = file.values.get("steps")
    if not isinstance(settings, dict) or OUTPUT not in settings:
        file.refuse(("settings",), f"settings must name the folder `{OUTPUT}`; add a line for it")
        settings = {OUTPUT: "."}
    if not isinstance(listed, list) or not listed:
        file.refuse(("steps",), "steps must be a list of commands, got none; begin one with a dash")
        listed = []
    own, options = _changes(file, changes or {}, settings, listed)
    settings = {**settings, **own}
    if not isinstance(settings[OUTPUT], str | int | float) or settings[OUTPUT] == "":
        rule = "output must be the name of a folder"
        file.refuse(("settings", OUTPUT), f"{rule}, got {settings[OUTPUT]!r}; name one")
        settings[OUTPUT] = "."
    steps: list[Step] = []
    for index, item in enumerate(listed):
        step = _step(file, ("steps", index), item, settings, options)
        if step is not None and step.name in {other.name for other in steps}:
            rule = f"step must have a name of its own, got {step.name!r} twice"
            file.refuse(("steps", index), f"{rule}; add `name: ANOTHER`")
        if step is not None:
            steps.append(step)
    file.check()
    return Recipe(path=Path(path), settings=settings, steps=tuple(steps), file=file)


def _changes(
    file: Settings, changes: Mapping[str, str], settings: Mapping[str, Any], listed: list[Any]
) -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    """What is changed: settings by name, and options by step and name."""
    names = {_name(item) for item in listed if isinstance(item, dict)}
    own: dict[str, Any] = {}
    options: dict[tuple[str, str], Any] = {}
    for key, text in changes.items():
        step, dot, option = key.partition(".")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            value = text
        if dot and step in names:
            options[step, option] = value
        elif not dot and key in settings:
            own[key] = value
        else:
            known = [*settings, *(f"{name}.OPTION" for name in sorted(names))]
            file.refuse(
                None,
                f"set must name one of {', '.join(known)}, got {key!r}; see the file's settings",
            )
    return own, options


def _name(item: Mapping[str, Any]) -> str:
    command = next((key for key in item if key in COMMANDS), "")
    return str(item.get("name", command))


def _step(
    file: Settings,
    keys: Keys,
    item: Any,
    settings: Mapping[str, Any],
    changed: Mapping[tuple[str, str], Any],
) -> Step | None:
    if not isinstance(item, dict):
        file.refuse(
            keys, f"step must be a command with options, got {item!r}; write `score: {{…}}`"
        )
        return None
    file.only(keys, item, (*COMMANDS, "name"))
    commands = [key for key in item if key in COMMANDS]
    if len(commands) != 1:
        got = " and ".join(commands) or "none"
        file.refuse(keys, f"step must be one of {', '.join(COMMANDS)}, got {got}; part or mend it")
        return None
    (command,) = commands
    given = item[command] or {}
    if not isinstance(given, dict):
        file.refuse((*keys, command), f"{command} must have options, got {given!r}; indent them")
        return None
    name = _name(item)
    own = {option: value for (step, option), value in changed.items() if step == name}
    options = {
        option: _filled(file, (*keys, command, option), value, settings)
        for option, value in {**given, **own}.items()
    }
    known = _check_options(file, (*keys, command), command, options, own)
    for option in own:
        if known is not None and option not in known:
            file.refuse(None, _unknown_change(name, option, known))
    folder = Path(str(settings[OUTPUT]))
    sound = {key: value for key, value in options.items() if known is None or key in known}
    check_settings(file, (*keys, command), command, sound, folder)
    written = Path(str(options.get(OUTPUT, ".")))
    if command not in IN_PLACE and not within(written, folder):
        rule = f"output of {name} must lie in the recipe's own folder"
        got = str(written) if OUTPUT in options else "none"
        file.refuse((*keys, command, OUTPUT), f"{rule}, got {got}; write `output: '{{output}}/…'`")
    return Step(name=name, command=command, options=options, keys=(*keys, command))


def _check_options(
    file: Settings, keys: Keys, command: str, options: Mapping[str, Any], changed: Collection[str]
) -> Sequence[str] | None:
    """Refuse options that the function does not have, and note those that it must have.

    Args:
        file: told of what is wrong.
        keys: of the command.
        command: one of `COMMANDS`.
        options: the settings filled in.
        changed: those of them that are not of the file.

    Returns:
        The options that it has; None where nobody can tell.
    """
    parameters = inspect.signature(getattr(hardness, command)).parameters
    plain = [name for name, p in parameters.items() if p.kind is not p.VAR_KEYWORD]
    for name in plain:
        if parameters[name].default is inspect.Parameter.empty and name not in options:
            file.refuse(keys, f"{command} must have the option {name}, got none; add it")
    try:
        known = [*plain, *_further_options(command, options)]
    except HardnessError as error:
        file.refuse((*keys, "metric"), str(error))
        return None
    of_file = {name: value for name, value in options.items() if name not in changed}
    file.only(keys, of_file, list(dict.fromkeys(known)))
    return known


def _further_options(command: str, options: Mapping[str, Any]) -> Sequence[str]:
    """Those that the function's signature does not name.

    Raises:
        HardnessError: the metric that would tell is unknown.
    """
    if command == "score":
        from hardness.metrics import metrics

        metric = options.get("metric")
        own = metrics.get("perplexity" if metric is None else str(metric)).options
        # An option of another metric may stay where it says nothing.
        return [*own, *(name for name, value in options.items() if value is None)]
    if command == "train":
        from hardness.training.config import TrainConfig

        return [field.name for field in fields(TrainConfig)]
    return ()


def _unknown_change(step: str, option: str, known: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(option, known, n=1)
    fix = f"did you mean '{step}.{nearest[0]}'?" if nearest else "leave it out"
    rule = f"set must name an option of {step}, one of {', '.join(known)}"
    return f"{rule}, got '{step}.{option}'; {fix}"


def _filled(file: Settings, keys: Keys, value: Any, settings: Mapping[str, Any]) -> Any:
    """A value with its settings filled in; a text that is one setting takes on its type."""
    if isinstance(value, list):
        return [_filled(file, (*keys, i), item, settings) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {k: _filled(file, (*keys, k), item, settings) for k, item in value.items()}
    if not isinstance(value, str):
        return value
    unknown = [name for name in _REFERENCE.findall(value) if name not in settings]
    if unknown:
        rule = f"setting must be one of {', '.join(settings)}"
        file.refuse(keys, f"{rule}, got {{{unknown[0]}}}; add it to the settings")
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return settings[whole[1]]
    return _REFERENCE.sub(lambda found: str(settings[found[1]]), value)
