"""Why a line is no record, in words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from hardness.io.records import BOOLEAN, INTEGER, MESSAGES, NULL, NUMBER, STRING, UNSIGNED

_WANTED = {
    STRING: "a string",
    NULL: "a string",
    INTEGER: "an integer of 64 bits",
    UNSIGNED: "an unsigned integer of 64 bits",
    BOOLEAN: "true or false",
    NUMBER: "a number",
    MESSAGES: "a list of objects with a string `content`",
}
_SHOWN_CHARACTERS = 40


def reason_of(line: bytes, keys: Mapping[str, str]) -> str:
    """What is wrong with a line.

    Args:
        line: the raw line.
        keys: columns that must be null or of a kind.
    """
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"invalid UTF-8 at byte {error.start + 1}"
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        reason = _lenient(line)
        if isinstance(reason, str):
            return f"invalid JSON ({error.msg} at character {error.pos + 1})"
        value = reason[0]
    if not isinstance(value, dict):
        return f"{_name(value)} instead of an object"
    for column in _misfits(value, keys):
        wanted = _WANTED[keys[column]]
        return f"{_name(value[column])} in column {column!r}, which must be {wanted}"
    return _oddity(line) or "a record that Arrow cannot read"


def is_misfit(line: bytes, keys: Mapping[str, str]) -> bool:
    """Whether a line is JSON but surely no record of these keys; False leaves it open."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return not isinstance(value, dict) or next(_misfits(value, keys), None) is not None


def _misfits(value: Mapping[str, Any], keys: Mapping[str, str]) -> Iterator[str]:
    for column, kind in keys.items():
        if value.get(column) is not None and not _fits(value[column], kind):
            yield column


def _lenient(line: bytes) -> str | tuple[Any]:
    # NaN and Infinity are not JSON, but Arrow accepts them, so they are no reason.
    try:
        return (json.loads(line),)
    except ValueError as error:
        return str(error)


def _fits(value: Any, kind: str) -> bool:
    if kind == MESSAGES:
        return isinstance(value, list) and all(
            item is None or (isinstance(item, dict) and isinstance(item.get("content"), str | None))
            for item in value
        )
    if kind == BOOLEAN:
        return isinstance(value, bool)
    if kind == NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == UNSIGNED:
        return type(value) is int and 0 <= value < 2**64
    if kind == INTEGER:
        return type(value) is int and -(2**63) <= value < 2**63
    return isinstance(value, str)


def _name(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    if len(shown) > _SHOWN_CHARACTERS:
        shown = shown[:_SHOWN_CHARACTERS] + "…"
    if value is None or isinstance(value, bool):
        return shown
    kind = {str: "the string", int: "the number", float: "the number", list: "the array"}
    return f"{kind.get(type(value), 'the object')} {shown}"


def _oddity(line: bytes) -> str | None:
    """What Python's lenient reader takes and the strict ones do not."""
    found: list[str] = []

    def note_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        found.extend(f"the key {key!r} twice" for key in keys if keys.count(key) > 1)
        return dict(pairs)

    def note_overflow(literal: str) -> float:
        if math.isinf(float(literal)):
            found.append(f"the number {literal}, which is too large")
        return float(literal)

    value = json.loads(line, object_pairs_hook=note_repeats, parse_float=note_overflow)
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        found.insert(0, "half of a surrogate pair in an escape")
    return found[0] if found else None
