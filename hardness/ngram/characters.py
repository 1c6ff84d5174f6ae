"""Character tables that drive the tokenising kernel, read off Python's own Unicode data.

A table has one uint32 an input code point: the code point that enters the token's hash, shifted
left by two, and in the two low bits what the character does (`WORD`, `OTHER` or `SPACE`). Taking
the tables from `str.lower` and `re` makes the kernels agree with Python by construction, whatever
version of Unicode the interpreter carries.
"""

from __future__ import annotations

import re
import sys
from functools import cache

import numpy as np

OTHER = 0
"""A token by itself."""
WORD = 1
"""Part of a run that is one token."""
SPACE = 2
"""Part of no token."""

WHITE_SPACE = "\u2581"
"""What stands for any white-space character where each is a token, as in SentencePiece."""

N_ASCII = 128
N_CODE_POINTS = sys.maxunicode + 1
_SURROGATES = slice(0xD800, 0xE000)

NEEDS_PYTHON = np.array([0x0130, 0x03A3], dtype=np.uint32)
"""Code points that `str.lower` does not map one to one: U+0130 becomes two, and U+03A3 depends on
its neighbours (final sigma)."""


@cache
def _all_characters() -> str:
    code_points = np.arange(N_CODE_POINTS, dtype="<u4")
    # Surrogates cannot occur in valid UTF-8; spaces in their place keep index and code point equal.
    code_points[_SURROGATES] = ord(" ")
    return code_points.tobytes().decode("utf-32-le")


def _mark(classes: np.ndarray, pattern: str, value: int) -> None:
    for match in re.finditer(pattern, _all_characters()):
        classes[match.start() : match.end()] = value


def _lower() -> np.ndarray:
    """uint32 (N_CODE_POINTS,): the lower-case code point of each, itself where there is none."""
    characters = _all_characters()
    for code_point in NEEDS_PYTHON:
        characters = characters.replace(chr(code_point), " ")
    lowered = np.frombuffer(characters.lower().encode("utf-32-le"), dtype="<u4")
    assert len(lowered) == N_CODE_POINTS, "every other character has one lower-case character"
    lower = lowered.astype(np.uint32)
    lower[NEEDS_PYTHON] = NEEDS_PYTHON
    return lower


@cache
def words_table() -> np.ndarray:
    r"""The table of `re.findall(r"\w+|[^\w\s]", text.lower())`."""
    classes = np.full(N_CODE_POINTS, OTHER, dtype=np.uint32)
    _mark(classes, r"\w+", WORD)
    _mark(classes, r"\s+", SPACE)
    lower = _lower()
    return _frozen((lower << 2) | classes[lower])


@cache
def whitespace_table() -> np.ndarray:
    """The table of `text.split()`."""
    classes = np.full(N_CODE_POINTS, WORD, dtype=np.uint32)
    _mark(classes, r"\s+", SPACE)
    return _frozen((np.arange(N_CODE_POINTS, dtype=np.uint32) << 2) | classes)


@cache
def chars_table() -> np.ndarray:
    """The table of `[WHITE_SPACE if c.isspace() else c for c in text]`."""
    classes = np.full(N_CODE_POINTS, OTHER, dtype=np.uint32)
    code_points = np.arange(N_CODE_POINTS, dtype=np.uint32)
    spaces = np.zeros(N_CODE_POINTS, dtype=np.uint32)
    _mark(spaces, r"\s", 1)
    code_points[spaces == 1] = ord(WHITE_SPACE)
    return _frozen((code_points << 2) | classes)


def _frozen(table: np.ndarray) -> np.ndarray:
    table.flags.writeable = False
    return table
