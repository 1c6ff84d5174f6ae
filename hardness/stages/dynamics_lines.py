"""The common form of allenai/cartography's lines, read by a kernel.

    {"guid":7274730516,"logits_epoch_0":[-1.7465604353,-2.5804995709,1.2135001892],"gold":2}

The keys in this order, with or without spaces, and a guid that is an integer or a string without
escapes: what pandas and `json.dumps` write. Anything else is left to
`hardness.io.dynamics_jsonl`, which also says what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import orjson
from numba import njit, uint64

from hardness.ngram.hashing import TOKEN_SEED, add_code_point, finish

NO_ROW = -1
_LINE_FEED, _QUOTE, _BACKSLASH, _MINUS, _PLUS, _POINT = (ord(c) for c in '\n"\\-+.')
_ZERO, _NINE, _OPEN, _CLOSE, _COMMA, _COLON = (ord(c) for c in "09[],:")
_OPEN_BRACE, _CLOSE_BRACE, _SPACE, _RETURN, _SMALL_E, _LARGE_E = (ord(c) for c in "{} \reE")
_MOST_DIGITS = 18
"""Of an integer that fits 63 bits, and of the digits of a float that are looked at exactly."""
_MOST_POWER = 22
"""Powers of ten up to this are exact as float64."""
_POWERS = 10.0 ** np.arange(_MOST_POWER + 1)


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Observations of n lines.

    Attributes:
        keys: uint64 (n,) hashes of the guids' texts, as `hash_strings` gives them.
        rows: int64 (n,) guids that are integers of at most 18 digits; else `NO_ROW`.
        logits: float64 (n, C), within one unit in the last place.
        gold: int32 (n,).
    """

    keys: np.ndarray
    rows: np.ndarray
    logits: np.ndarray
    gold: np.ndarray


def read_common(data: bytes, key: str) -> Lines | None:
    """The observations of some lines; None if one is not of the common form.

    Args:
        data: whole lines.
        key: under which the logits are, such as logits_epoch_0.
    """
    try:
        n_classes = len(orjson.loads(data[: data.find(b"\n") + 1] or data)[key])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    if n_classes < 2:
        return None
    text = np.frombuffer(data if data.endswith(b"\n") else data + b"\n", dtype=np.uint8)
    n = _count_lines(text)
    keys, rows = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.int64)
    logits, gold = np.empty((n, n_classes)), np.empty(n, dtype=np.int32)
    quoted = np.frombuffer(f'"{key}"'.encode(), dtype=np.uint8)
    found = _read(text, _GUID, quoted, _GOLD, _POWERS, keys, rows, logits, gold)
    if found < 0:
        return None
    return Lines(keys=keys[:found], rows=rows[:found], logits=logits[:found], gold=gold[:found])


_GUID = np.frombuffer(b'"guid"', dtype=np.uint8)
_GOLD = np.frombuffer(b'"gold"', dtype=np.uint8)


@njit(nogil=True, cache=True)
def _count_lines(data):
    """How many lines end; that of bytes itself would keep other threads waiting."""
    n = 0
    for byte in data:
        n += byte == _LINE_FEED
    return n


@njit(inline="always")
def _is_digit(byte):
    return _ZERO <= byte <= _NINE


@njit(nogil=True, cache=True)
def _after(data, at, byte):
    """Where what follows a byte and spaces begins; -1 if the byte is not there."""
    if at < 0 or at >= len(data) or data[at] != byte:
        return -1
    at += 1
    while at < len(data) and data[at] == _SPACE:
        at += 1
    return at


@njit(nogil=True, cache=True)
def _after_key(data, at, key):
    """Where the value under a key begins; -1 if the key is not there."""
    if at < 0 or at + len(key) >= len(data):
        return -1
    for i in range(len(key)):
        if data[at + i] != key[i]:
            return -1
    return _after(data, at + len(key), _COLON)


@njit(nogil=True, cache=True)
def _read_guid(data, at):
    """The end of a guid, the hash of its text, and its number."""
    state, row = TOKEN_SEED, -1
    if data[at] == _QUOTE:
        at += 1
        while data[at] != _QUOTE:
            if data[at] == _BACKSLASH or data[at] < _SPACE:
                return -1, uint64(0), row
            state = add_code_point(state, data[at])
            at += 1
        return at + 1, finish(state) | uint64(1), row
    start = at
    row = 0
    while _is_digit(data[at]):
        state = add_code_point(state, data[at])
        row = row * 10 + (data[at] - _ZERO)
        at += 1
    # No sign, no leading zero, nothing that is no integer: else texts of one number differ.
    n = at - start
    if n == 0 or n > _MOST_DIGITS or (n > 1 and data[start] == _ZERO):
        return -1, uint64(0), row
    return at, finish(state) | uint64(1), row


@njit(nogil=True, cache=True)
def _first_digits(data, at):
    """As many digits of a number as are looked at, and the power of ten they are to be taken by."""
    digits, n_digits, power = 0, 0, 0
    seen_point = False
    while _is_digit(data[at]) or data[at] == _POINT:
        if data[at] == _POINT:
            seen_point = True
        elif n_digits < _MOST_DIGITS:
            digits = digits * 10 + (data[at] - _ZERO)
            n_digits += int(digits > 0)
            power -= int(seen_point)
        else:
            power += int(not seen_point)
        at += 1
    return digits, power


@njit(nogil=True, cache=True)
def _read_float(data, at, powers):
    """The end of a number and its value."""
    negative = data[at] == _MINUS
    at += int(negative)
    start, digits, power = at, 0, 0
    while _is_digit(data[at]):
        digits = digits * 10 + (data[at] - _ZERO)
        at += 1
    n_digits = at - start
    if n_digits == 0:
        return -1, 0.0
    if data[at] == _POINT:
        point = at
        at += 1
        while _is_digit(data[at]):
            digits = digits * 10 + (data[at] - _ZERO)
            at += 1
        power = point + 1 - at
        if power == 0:
            return -1, 0.0
        n_digits -= power
    if n_digits > _MOST_DIGITS:
        digits, power = _first_digits(data, start)
    if data[at] == _SMALL_E or data[at] == _LARGE_E:
        at += 1
        down = data[at] == _MINUS
        at += int(down or data[at] == _PLUS)
        exponent, start = 0, at
        while _is_digit(data[at]) and exponent < 10_000:
            exponent = exponent * 10 + (data[at] - _ZERO)
            at += 1
        if at == start:
            return -1, 0.0
        power += -exponent if down else exponent
    if power < -_MOST_POWER or power > _MOST_POWER:
        return -1, 0.0
    value = digits / powers[-power] if power < 0 else digits * powers[power]
    return at, -value if negative else value


@njit(nogil=True, cache=True)
def _read(data, guid_key, logits_key, gold_key, powers, keys, rows, logits, gold):
    """How many lines there are, with what is in them; -1 if one is not of the common form."""
    n, at = 0, 0
    n_classes = logits.shape[1]
    while at < len(data):
        if data[at] == _LINE_FEED or data[at] == _RETURN or data[at] == _SPACE:
            at += 1
            continue
        at = _after_key(data, _after(data, at, _OPEN_BRACE), guid_key)
        if at < 0:
            return -1
        at, keys[n], rows[n] = _read_guid(data, at)
        at = _after_key(data, _after(data, at, _COMMA), logits_key)
        at = _after(data, at, _OPEN)
        for c in range(n_classes):
            if c > 0:
                at = _after(data, at, _COMMA)
            if at < 0:
                return -1
            at, logits[n, c] = _read_float(data, at, powers)
        at = _after_key(data, _after(data, _after(data, at, _CLOSE), _COMMA), gold_key)
        if at < 0:
            return -1
        start, label = at, 0
        while _is_digit(data[at]) and label <= n_classes:
            label = label * 10 + (data[at] - _ZERO)
            at += 1
        leading = at > start + 1 and data[start] == _ZERO
        at = _after(data, at, _CLOSE_BRACE)
        if at < 0 or at == start + 1 or leading or label >= n_classes:
            return -1
        gold[n] = label
        if data[at] == _RETURN:
            at += 1
        if data[at] != _LINE_FEED:
            return -1
        n += 1
    return n
