"""Character tables that drive the tokenising kernel, read off Python's own Unicode data.

A table has one uint32 an input code point: the code point that enters the token's hash, shifted
left by two, and in the two low bits what the character does (`WORD`, `OTHER`, `SPACE` or
`SPECIAL`). Taking the tables from `str.lower` and `re` makes the kernels agree with Python by
construction, whatever version of Unicode the interpreter carries. A table of all code points takes
as long to make as a megabyte of text to read, so it goes only as far as a text needs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache, wraps
from threading import Lock

import numpy as np

OTHER = 0
"""A token by itself."""
WORD = 1
"""Part of a run that is one token."""
SPACE = 2
"""Part of no token."""
SPECIAL = 3
"""Part of a run like `WORD`, but only Python can tell its lower case: `str.lower` makes two of
U+0130, and of U+03A3 what its neighbours call for (final sigma)."""

WHITE_SPACE = "\u2581"
"""What stands for any white-space character where each is a token, as in SentencePiece."""

N_ASCII = 0x80
_N_BASIC = 0x10000
N_CODE_POINTS = sys.maxunicode + 1
_FOUR_BYTES = 0xF0
"""The least first byte of a character of four bytes in UTF-8."""
_SURROGATES = slice(0xD800, 0xE000)
_SPECIAL = np.array([0x0130, 0x03A3], dtype=np.uint32)

Table = Callable[[int], np.ndarray]
"""Makes the first n entries of a table; n is one that `n_needed` returns, as upper and lower case
are then on the same side of it."""

_lock = Lock()


def n_needed(data: np.ndarray) -> int:
    """How many entries of a table some UTF-8 needs."""
    largest = int(data.max()) if len(data) > 0 else 0
    if largest < N_ASCII:
        return N_ASCII
    return _N_BASIC if largest < _FOUR_BYTES else N_CODE_POINTS


def made_once(make: Table) -> Table:
    """The function, which makes each table once, whatever the number of threads that ask."""
    made = cache(make)

    @wraps(make)
    def get(n: int) -> np.ndarray:
        with _lock:
            return made(n)

    return get


def _characters(n: int) -> str:
    code_points = np.arange(n, dtype="<u4")
    # Surrogates cannot occur in valid UTF-8; spaces in their place keep index and code point equal.
    code_points[_SURROGATES] = ord(" ")
    return code_points.tobytes().decode("utf-32-le")


def _mark(classes: np.ndarray, pattern: str, value: int) -> None:
    for match in re.finditer(pattern, _characters(len(classes))):
        classes[match.start() : match.end()] = value


def _lower(n: int) -> np.ndarray:
    """uint32 (n,): the lower-case code point of each, itself where there is none."""
    characters = _characters(n)
    for code_point in _SPECIAL:
        characters = characters.replace(chr(code_point), " ")
    lowered = np.frombuffer(characters.lower().encode("utf-32-le"), dtype="<u4")
    assert len(lowered) == n, "every other character has one lower-case character"
    lower = lowered.astype(np.uint32)
    special = _SPECIAL[n > _SPECIAL]
    lower[special] = special
    return lower


@made_once
def words_table(n: int) -> np.ndarray:
    r"""The table of `re.findall(r"\w+|[^\w\s]", text.lower())`."""
    classes = np.full(n, OTHER, dtype=np.uint32)
    _mark(classes, r"\w+", WORD)
    _mark(classes, r"\s+", SPACE)
    classes[_SPECIAL[n > _SPECIAL]] = SPECIAL
    lower = _lower(n)
    return _frozen((lower << 2) | classes[lower])


@made_once
def whitespace_table(n: int) -> np.ndarray:
    """The table of `text.split()`."""
    classes = np.full(n, WORD, dtype=np.uint32)
    _mark(classes, r"\s+", SPACE)
    return _frozen((np.arange(n, dtype=np.uint32) << 2) | classes)


@made_once
def chars_table(n: int) -> np.ndarray:
    """The table of `[WHITE_SPACE if c.isspace() else c for c in text]`."""
    classes = np.full(n, OTHER, dtype=np.uint32)
    code_points = np.arange(n, dtype=np.uint32)
    spaces = np.zeros(n, dtype=np.uint32)
    _mark(spaces, r"\s", 1)
    code_points[spaces == 1] = ord(WHITE_SPACE)
    return _frozen((code_points << 2) | classes)


def _frozen(table: np.ndarray) -> np.ndarray:
    table.flags.writeable = False
    return table
