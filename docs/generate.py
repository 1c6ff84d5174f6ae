"""The reference pages, from the registries, the docstrings and the commands themselves.

After a change of any of them, write the pages anew: python -m docs.generate
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from inspect import getdoc
from pathlib import Path
from typing import Any

import typer

from hardness.cli.app import app
from hardness.curriculum import pacing
from hardness.curriculum.admission import paces
from hardness.curriculum.grammar import REQUIRED, parameters, usage
from hardness.curriculum.orders import orders
from hardness.curriculum.selections import selections
from hardness.io.shipped import CURRICULA, PIPELINES, Shelf, header
from hardness.metrics import metrics
from hardness.metrics.base import Metric
from hardness.metrics.formulas import formulas
from hardness.ngram.tokenize import tokenizers
from hardness.normalize import normalizers
from hardness.registry import Registry
from hardness.weighting import weightings

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Made by `python -m docs.generate`; what is changed here is lost. -->"
_ELSEWHERE = re.compile(r"see `(?:pacing\.)?(\w+)`")


def pages() -> dict[str, str]:
    """Every page by the name of its file."""
    return {
        "metrics.md": _page("Metrics", _metrics()),
        "curricula.md": _page("Curricula", _curricula()),
        "weightings.md": _page("Weightings", _weightings()),
        "ready-made.md": _page("Ready-made curricula and recipes", _ready_made()),
        "commands.md": _page("Commands", _commands()),
    }


def _page(title: str, blocks: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", NOTE, *blocks]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{text}`"


# Metrics


def _metrics() -> Iterator[str]:
    yield (
        "What `hardness score --metric NAME` can be asked for. A column is addressed as `metric` "
        "(the first one) or `metric.column`. What each is good for is in [metrics](../metrics.md)."
    )
    for name in sorted([*metrics.names(), *metrics.families()]):
        yield from _metric(name, metrics.get(name))
    yield "## Formulas"
    yield "What `hardness combine` makes under these names where it is given no `--expr`."
    rows = (
        [_code(name), _code(item.expr), item.harder, item.source] for name, item in sorted(formulas)
    )
    yield _table(["`--name`", "expression", "harder", "source"], rows)
    yield "## Tokenizers"
    rows = ([_code(name), item.summary] for name, item in tokenizers)
    family = ["`hf:PATH`", "a Hugging Face `tokenizer.json` or its folder; the extra `hf`"]
    yield _table(["`--tokenizer`", "tokens"], sorted([*rows, family]))


def _metric(name: str, metric: Metric) -> Iterator[str]:
    yield f"## `{name}`"
    yield metric.summary
    options = ", ".join(map(_option, metric.options)) or "none"
    about = {
        "Needs": metric.needs,
        "Null for": metric.nulls,
        "Options": options,
        "Source": metric.source,
    }
    yield "\n".join(f"- {key}: {value}" for key, value in about.items())
    yield _table(
        ["column", "type", "harder", "what it is"],
        ([_code(c.name), c.type, c.harder or "", c.summary] for c in metric.columns),
    )


def _option(name: str) -> str:
    """How an option of a metric is written on the command line, if it can be."""
    group: Any = typer.main.get_command(app)
    for param in group.commands["score"].params:
        if param.name == name:
            return _code(param.opts[0])
    return f"`{name}=` from Python only"


# Curricula


@dataclass(frozen=True)
class _Doc:
    """The parts of a docstring."""

    body: str
    args: dict[str, str]
    source: str


def _doc(function: Callable[..., Any]) -> _Doc:
    parts: dict[str, list[str]] = {"": []}
    part = ""
    for line in (getdoc(function) or "").splitlines():
        found = re.match(r"(Args|Returns|Raises|Source)\b[^:]*:(.*)", line)
        if found:
            part, line = found[1], found[2]
        parts.setdefault(part, []).append(line)
    args: dict[str, str] = {}
    names: list[str] = []
    for line in parts.get("Args", []):
        found = re.match(r" {4}(\w[\w, ]*): (.*)", line)
        if found:
            names = [name.strip() for name in found[1].split(",")]
        for name in names:
            said = found[2] if found else line.strip()
            args[name] = f"{args.get(name, '')} {said}".strip()
    source = " ".join(" ".join(parts.get("Source", [])).split())
    elsewhere = _ELSEWHERE.match(source)
    if elsewhere:
        source = _doc(getattr(pacing, elsewhere[1])).source
    return _Doc(body="\n".join(parts[""]).strip(), args=args, source=source)


def _components(registry: Registry[Any]) -> Iterator[str]:
    for name, function in registry:
        doc = _doc(function)
        # `linear` is `root` with p = 1, and says no more.
        like = [_doc(item).args for other, item in registry if f"`{other}`" in doc.body]
        yield f"### `{usage(name, function)}`"
        yield doc.body
        rows = [
            [
                _code(item.name.rstrip("_")),
                item.rule,
                "required" if item.default is REQUIRED else _default(item.default),
                next((args[item.name] for args in (doc.args, *like) if item.name in args), ""),
            ]
            for item in parameters(function)
        ]
        if rows:
            yield _table(["parameter", "must be", "default", "what it is"], rows)
        for helper in _ELSEWHERE.findall(" ".join([*doc.args.values(), doc.source])):
            if helper in function.__globals__:
                yield f"`{helper}`:"
                yield f"```\n{_doc(function.__globals__[helper]).body}\n```"
        if doc.source:
            yield f"Source: {doc.source}"


def _default(value: object) -> str:
    return "" if value is None else str(value)


def _curricula() -> Iterator[str]:
    yield (
        "Parameters follow a colon: the required ones in their order, others as `key=value`, lists "
        "of numbers with slashes between them. n is the number of records; the hardness of each is "
        "in [0, 1], and higher is harder."
    )
    yield "## Orders"
    yield "`hardness build --order NAME`."
    yield from _components(orders)
    yield "## Selections"
    yield "`hardness build --select NAME`."
    yield from _components(selections)
    yield "## Schedules"
    yield '`hardness build --admit "METRIC:NAME,key=value ; …"`.'
    yield from _components(paces)
    yield "## Normalisations"
    yield "`hardness build --normalize NAME`: scores x, of which higher is harder, to hardness h."
    yield _table(
        ["`--normalize`", "hardness"],
        ([_code(name), _doc(function).body] for name, function in normalizers),
    )


# Weightings


def _weightings() -> Iterator[str]:
    yield (
        "`hardness train --weighting NAME`, or `NAME:NUMBER` where there is a parameter. Those "
        "that need no losses can be written into shards by `hardness build --weighting`. "
        "h hardness in [0, 1], s progress in [0, 1), l loss in nats, M samples in the global "
        "micro-batch, z the loss scaled to [-1, 1], r temperature."
    )
    for name, item in weightings:
        yield f"## `{name}`"
        yield _doc(item.function).body
        about = {
            "ω": _code(item.formula),
            "Range": item.range,
            "Needs": ", ".join(item.needs),
            "Source": item.source,
        }
        if item.parameter is not None:
            rule = f", {item.check[0]}" if item.check else ""
            about["Parameter"] = f"`{item.parameter}`{rule}; {item.default} by default"
        yield "\n".join(f"- {key}: {value}" for key, value in about.items())


# Ready-made


def _ready_made() -> Iterator[str]:
    yield "## Curricula"
    yield "`hardness build TABLE --curriculum NAME`; files in `curricula/`."
    yield from _shelf(CURRICULA)
    yield "## Recipes"
    yield "`hardness run NAME`; files in `pipelines/`."
    yield from _shelf(PIPELINES)


def _shelf(shelf: Shelf) -> Iterator[str]:
    for name, path in shelf.files().items():
        said = header(path)
        yield f"### `{name}`"
        what = said.get("what", "")
        yield f"{said['title']} {what[:1].upper()}{what[1:]}".strip()
        if "when" in said:
            yield f"When: {said['when']}"
        lines = re.split(r"(?:\s+Which is:)?\s+(?=hardness )", said.get("command", ""))
        yield "\n".join(["```", *lines, "```"])


# Commands


def _commands() -> Iterator[str]:
    yield "What `hardness COMMAND --help` says."
    group: Any = typer.main.get_command(app)
    yield _options(group)
    yield from _group(group, "hardness")


def _group(group: Any, prefix: str) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        full = f"{prefix} {name}"
        yield f"## `{full}`"
        yield _help(command.help or "")
        if hasattr(command, "commands"):
            yield from _group(command, full)
            continue
        if any(param.name != "help" for param in command.params):
            yield _options(command)


def _options(command: Any) -> str:
    rows = [_parameter(param) for param in command.params if param.name != "help"]
    return _table(["option", "default", "what it is"], rows)


def _help(text: str) -> str:
    """Paragraphs, with the indented commands in fences."""
    paragraphs = re.split(r"\n\s*\n", re.sub(r"\[/?\w+\]", "", text).strip())
    return "\n\n".join(
        f"```\n{part.strip()}\n```" if part.lstrip().startswith("hardness ") else part.strip()
        for part in paragraphs
    )


def _parameter(param: Any) -> list[str]:
    if param.param_type_name == "argument":
        names = _code(param.name.upper())
    else:
        names = ", ".join(_code(option) for option in [*param.opts, *param.secondary_opts])
    said = getattr(param, "show_default", None)
    return [names, said if isinstance(said, str) else _given(param), param.help or ""]


def _given(param: Any) -> str:
    """The default of an option that does not say it in words."""
    if param.required:
        return "required"
    if isinstance(param.default, bool):
        return "on" if param.default else ""
    return _default(param.default)


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
