"""The grammar of `name:value,key=value`, in which orders, selections and admissions are chosen.

A component is a plain function. Its keyword-only arguments are its parameters: their annotations
say what they are and in which range, their defaults which may be left out. Values without a key
go to the parameters in the order of the signature.
"""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from hardness.errors import HardnessError
from hardness.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])

REQUIRED = inspect.Parameter.empty
SEPARATOR = "/"
"""Between the numbers of a list."""
_CHECK = "check_parameters"


@dataclass(frozen=True)
class Bounds:
    """The range of a number: [low, high], or (low, high] if it must be above `low`."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    def holds(self, value: float) -> bool:
        """Whether `value` is finite and in the range."""
        low = value > self.low if self.above else value >= self.low
        return math.isfinite(value) and low and value <= self.high

    def __str__(self) -> str:
        low = "" if self.low == -math.inf else f"{'above' if self.above else 'from'} {self.low:g}"
        high = "" if self.high == math.inf else f"{'and up ' if self.above else ''}to {self.high:g}"
        return " ".join(part for part in (low, high) if part)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a component."""

    name: str
    kind: type
    """int, float or str; of each number where `many`."""
    many: bool
    """Whether it is a list of numbers, written with slashes."""
    choices: tuple[str, ...]
    """What a string may be; empty if it is free."""
    bounds: Bounds
    default: Any
    """`REQUIRED` if it must be given."""

    @property
    def rule(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind is str:
            return "a name"
        number = "whole number" if self.kind is int else "number"
        noun = f"{number}s with {SEPARATOR} between them," if self.many else f"a {number}"
        return f"{noun} {self.bounds}".strip().rstrip(",")

    def parse(self, text: str) -> Any:
        """The value that `text` stands for.

        Raises:
            ValueError: it stands for none.
        """
        if self.kind is str:
            if not text or (self.choices and text not in self.choices):
                raise ValueError
            return text
        values = tuple(self.kind(part) for part in (text.split(SEPARATOR) if self.many else [text]))
        if not all(self.bounds.holds(value) for value in values):
            raise ValueError
        return values if self.many else values[0]


@dataclass(frozen=True, kw_only=True)
class Component(Generic[F]):
    """A function from a registry with its parameters set; called like the function."""

    name: str
    function: F
    arguments: Mapping[str, Any]
    """All parameters, defaults included."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs, **self.arguments)

    def __str__(self) -> str:
        """The shortest text that stands for the same: equal components have equal texts."""
        parts = []
        for parameter in parameters(self.function):
            value = self.arguments[parameter.name]
            if parameter.default is REQUIRED:
                parts.append(_written(value))
            elif value != parameter.default:
                parts.append(f"{parameter.name.rstrip('_')}={_written(value)}")
        return f"{self.name}:{','.join(parts)}" if parts else self.name


def checked_by(check: Callable[..., object]) -> Callable[[F], F]:
    """A component whose parameters must suit each other, which is seen as soon as they are read.

    Args:
        check: gets all parameters by name and raises a HardnessError that says what is wrong.
    """

    def mark(function: F) -> F:
        setattr(function, _CHECK, check)
        return function

    return mark


@cache
def parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters of a component: its keyword-only arguments but `epochs`.

    Raises:
        TypeError: one of them is annotated as something else than int, float, str, a Literal of
            strings, a tuple of numbers, or one of these or None.
    """
    hints = get_type_hints(function, include_extras=True)
    return tuple(
        _parameter(item.name, hints.get(item.name, str), item.default)
        for item in inspect.signature(function).parameters.values()
        if item.kind is item.KEYWORD_ONLY and item.name != "epochs"
    )


def usage(name: str, function: Callable[..., Any]) -> str:
    """How a component is written: `coverage:f,prune=0,bins=50`."""
    parts = [
        item.name if item.default is REQUIRED else f"{_key(item)}={_written(item.default)}"
        for item in parameters(function)
        if item.default is not None
    ]
    return f"{name}:{','.join(parts)}" if parts else name


def resolve(text: str, registry: Registry[F]) -> Component[F]:
    """The component of `registry` that `text` stands for.

    Raises:
        HardnessError: an unknown name, or values that do not fit the parameters, all in one
            message, or each other.
    """
    name, _, rest = text.strip().partition(":")
    function = registry.get(name)
    given = [part.strip() for part in rest.split(",")] if rest.strip() else []
    arguments, problems = _bind(parameters(function), given)
    if problems:
        raise HardnessError(
            f"{registry.kind} must be {usage(name, function)}, got {text!r} with "
            f"{' and '.join(problems)}; correct {'it' if len(problems) == 1 else 'them'}"
        )
    getattr(function, _CHECK, _nothing)(**arguments)
    return Component(name=name, function=function, arguments=arguments)


def _nothing(**_: Any) -> None:
    """The check of parameters that suit each other whatever they are."""


def _bind(declared: Sequence[Parameter], given: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The arguments, and what is wrong with them."""
    problems: list[str] = []
    texts: dict[str, str] = {}
    keys = {_key(item): item for item in declared}
    free = list(keys)
    for part in given:
        key, equals, value = (word.strip() for word in part.partition("="))
        if not equals:
            if not free:
                problems.append(f"{part!r} too many")
                continue
            key, value = free.pop(0), key
        elif key not in keys:
            known = f"known: {', '.join(keys)}" if keys else "it takes none"
            problems.append(f"the unknown key {key!r} ({known})")
            continue
        elif key in free:
            free.remove(key)
        if key in texts:
            problems.append(f"{key} twice")
        texts[key] = value
    arguments = {}
    for key, item in keys.items():
        if key not in texts:
            arguments[item.name] = item.default
            if item.default is REQUIRED:
                problems.append(f"no {key} ({item.rule})")
            continue
        try:
            arguments[item.name] = item.parse(texts[key])
        except ValueError:
            problems.append(f"{key} = {texts[key]!r}, which is not {item.rule}")
    return arguments, problems


def _key(parameter: Parameter) -> str:
    """How the parameter is written: `from` and its like cannot be names of arguments."""
    return parameter.name.rstrip("_")


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    bounds, choices, many = Bounds(), (), False
    if get_origin(hint) in (Union, types.UnionType):  # X | None
        (hint,) = (arg for arg in get_args(hint) if arg is not type(None))
    if get_origin(hint) is tuple:
        hint, many = get_args(hint)[0], True
    if get_origin(hint) is Annotated:
        hint, bounds = get_args(hint)
    if get_origin(hint) is Literal:
        choices, hint = get_args(hint), str
    if hint not in (int, float, str):
        raise TypeError(f"parameter {name} must be an int, float or str, got {hint}")
    return Parameter(
        name=name, kind=hint, many=many, choices=choices, bounds=bounds, default=default
    )


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return SEPARATOR.join(map(_written, value))
    # Twelve digits are more than anybody types, and hide what binary fractions add.
    return f"{value:.12g}" if isinstance(value, float) else str(value)
