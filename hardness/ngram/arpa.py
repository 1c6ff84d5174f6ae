"""Back-off models in the ARPA format.

    \\data\\
    ngram 1=...                      one line an order
    \\1-grams:
    log10 P <tab> n-gram <tab> log10 back-off weight      the weight is not there at the last order
    ...
    \\end\\
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

import numpy as np
from numba import int64, njit

_DECIMALS = 7
"""Of logarithms. Half a unit of the last changes a probability by a part in 10^7, about what the
single precision changes in which they are queried."""
_SCALE = 10**_DECIMALS
_SCALED_ZERO = 99 * _SCALE
"""The format writes -99 for log10 0."""
_LONGEST_NUMBER = 3 + 1 + 1 + _DECIMALS
_LINE_EXTRA = 2 * _LONGEST_NUMBER + 3 + len("<s> ") + len("</s>")

_BOS_TEXT = np.frombuffer(b"<s> ", dtype=np.uint8)
_EOS_TEXT = np.frombuffer(b"</s>", dtype=np.uint8)
_TAB, _NEWLINE, _MINUS, _POINT, _ZERO = np.frombuffer(b"\t\n-.0", dtype=np.uint8)


def header(sizes: Sequence[int]) -> bytes:
    """The beginning of a file, up to the first n-grams' title.

    Args:
        sizes: number of n-grams of each order, from 1.
    """
    lines = [f"ngram {order}={size}" for order, size in enumerate(sizes, 1)]
    return "\n".join(["\\data\\", *lines, ""]).encode()


def title(order: int) -> bytes:
    """What stands before the n-grams of an order."""
    return f"\n\\{order}-grams:\n".encode()


END = b"\n\\end\\\n"


def marks(unk: float, bos_back_off: float) -> bytes:
    """The lines of `<unk>` and `<s>`; the latter is never predicted, its 0 means nothing.

    Args:
        unk: P(<unk>).
        bos_back_off: back-off weight of the context `<s>`.
    """
    return f"{_text(unk)}\t<unk>\t0\n0\t<s>\t{_text(bos_back_off)}\n".encode()


def _text(value: float) -> str:
    out = np.empty(_LONGEST_NUMBER, dtype=np.uint8)
    return out[: _write_log10.py_func(value, out, 0)].tobytes().decode()


def format_ngrams(
    data: np.ndarray,
    token_starts: np.ndarray,
    positions: np.ndarray,
    depths: np.ndarray,
    written: np.ndarray,
    order: int,
    probabilities: np.ndarray,
    back_offs: np.ndarray,
) -> np.ndarray:
    """The lines of a list of n-grams, in its order.

    Args:
        data, token_starts: the text of the block, see `hardness.ngram.spell`.
        positions, depths: (D,), the list, see `hardness.ngram.distinct`.
        written: bool (D,), which of them to write.
        order: tokens in each.
        probabilities: float32 (D,), P of each.
        back_offs: float32 (D,), their back-off weights, or (0,) at the last order.

    Returns:
        uint8 bytes.
    """
    out = np.empty(_most_bytes(token_starts, positions, depths, written, order), dtype=np.uint8)
    size = _format(
        data, token_starts, positions, depths, written, order, probabilities, back_offs, out
    )
    out.resize(size, refcheck=False)
    return out


@njit(nogil=True, cache=True)
def _most_bytes(token_starts, positions, depths, written, order):
    total = 0
    for j in range(len(positions)):
        if written[j]:
            t = int64(positions[j])
            first = t - min(order - 1, int64(depths[j]))
            total += int64(token_starts[t + 1]) - int64(token_starts[first]) + _LINE_EXTRA
    return total


@njit(nogil=True, cache=True)
def _format(data, token_starts, positions, depths, written, order, probabilities, back_offs, out):
    n = int64(0)
    for j in range(len(positions)):
        if not written[j]:
            continue
        n = _write_log10(probabilities[j], out, n)
        out[n] = _TAB
        n += 1
        t = int64(positions[j])
        first = t - order + 1
        if int64(depths[j]) < order - 1:
            first += 1
            n = _write(_BOS_TEXT, 0, len(_BOS_TEXT), out, n)
        start, last, end = token_starts[first], token_starts[t], token_starts[t + 1]
        is_mark = last == end
        n = _write(data, int64(start), int64(end) if is_mark else int64(end) - 1, out, n)
        if is_mark:
            n = _write(_EOS_TEXT, 0, len(_EOS_TEXT), out, n)
        if len(back_offs) > 0:
            out[n] = _TAB
            n = _write_log10(back_offs[j], out, n + 1)
        out[n] = _NEWLINE
        n += 1
    return n


@njit(inline="always")
def _write(source, start, stop, out, n):
    for i in range(start, stop):
        out[n] = source[i]
        n += 1
    return n


@njit(nogil=True, cache=True)
def _write_log10(value, out, n):
    """Write log10 of a probability without trailing zeros; returns where it ends."""
    scaled = _SCALED_ZERO
    if value > 0:
        scaled = round(-log10(value) * _SCALE)
    if scaled <= 0:
        out[n] = _ZERO
        return n + 1
    out[n] = _MINUS
    n += 1
    whole = scaled // _SCALE
    fraction = scaled % _SCALE
    if whole >= 10:
        out[n] = _ZERO + whole // 10
        n += 1
    out[n] = _ZERO + whole % 10
    n += 1
    if fraction == 0:
        return n
    out[n] = _POINT
    n += 1
    unit = _SCALE // 10
    while fraction > 0:
        out[n] = _ZERO + fraction // unit
        n += 1
        fraction %= unit
        unit //= 10
    return n
