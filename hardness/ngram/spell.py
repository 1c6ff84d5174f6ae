"""Write texts out as their tokens, each followed by one space.

This is the form in which KenLM reads text, and in which an n-gram that occurs is a piece of the
text it occurs in.

Legend: n records, T predicted positions, see `hardness.ngram.tokenize`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import int64, njit, uint8, uint32

from hardness.errors import HardnessError
from hardness.ngram.characters import N_ASCII, OTHER, SPACE, SPECIAL, WORD, n_needed
from hardness.ngram.strings import string_buffers
from hardness.ngram.tokenize import (
    Tokenizer,
    Tokens,
    decode,
    lower,
    plain_texts,
    tokenize,
    tokenizers,
)

_SPACE = np.uint8(ord(" "))
_MARKS = np.frombuffer(b"<s></s><unk>", dtype=np.uint8)
_MARK_STARTS = np.array([0, 3, 7, 12])
"""Where each of them begins, and where the last one ends."""


@dataclass(frozen=True, kw_only=True)
class Spelled:
    """Records as the text of their tokens.

    Attributes:
        data: uint8 bytes, UTF-8, every token followed by one space.
        starts: int64 (n + 1,), record i is data[starts[i] : starts[i + 1]].
    """

    data: np.ndarray
    starts: np.ndarray

    def texts(self) -> pa.Array:
        """large_string (n,)."""
        buffers = [None, pa.py_buffer(self.starts), pa.py_buffer(self.data)]
        return pa.Array.from_buffers(pa.large_string(), len(self.starts) - 1, buffers)

    def tokens(self) -> Tokens:
        """The token hashes, the same that `tokenize` makes of the original texts."""
        return tokenize(self.texts(), tokenizers.get("whitespace"))


def token_starts(data: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Where each position's token begins in the text of some records.

    Args:
        data: see `Spelled`.
        starts: int64 (n + 1,), see `Tokens`.

    Returns:
        uint32 or int64 (T + 1,). The token of position t ends one byte before that of position
        t + 1 begins; `</s>` has no bytes.
    """
    out = np.empty(starts[-1] + 1, dtype=start_type(data))
    _token_starts(data, starts, out)
    return out


def start_type(data: np.ndarray) -> type[np.number]:
    """Of `token_starts`."""
    return np.int64 if len(data) > np.iinfo(np.uint32).max else np.uint32


def spell(texts: pa.Array, tokenizer: Tokenizer, *, skip_symbols: bool = False) -> Spelled:
    """Write out the tokens of every text.

    Args:
        texts: string or large_string (n,), valid UTF-8. A null is an empty text.
        tokenizer: one of `tokenizers`. NUL, which KenLM takes for white space, is white space.
        skip_symbols: leave out tokens that are `<s>`, `</s>` or `<unk>`, which an n-gram model
            cannot tell from its own marks; otherwise they are an error.

    Raises:
        HardnessError: a token is one of these marks.
    """
    texts = plain_texts(texts, tokenizer)
    spelled, special, n_marks = _spell_once(texts, tokenizer)
    if special.any():
        spelled, _, n_marks = _spell_once(lower(texts, special), tokenizer)
    if n_marks and not skip_symbols:
        raise HardnessError(
            f"tokens must not be <s>, </s> or <unk>, the marks of an n-gram model, got {n_marks} "
            "that are; pass --skip-symbols to leave them out, or --tokenizer words, which splits "
            "them"
        )
    return spelled


def _spell_once(texts: pa.Array, tokenizer: Tokenizer) -> tuple[Spelled, np.ndarray, int]:
    """The tokens, which texts only Python can put in lower case, and how many marks there are."""
    data, offsets = string_buffers(texts)
    table = tokenizer.table(n_needed(data)).copy()
    table[0] = SPACE
    # At most a byte and a space a byte; lower case makes no character more than a byte longer.
    out = np.empty(2 * len(data) + len(texts), dtype=np.uint8)
    starts = np.empty(len(texts) + 1, dtype=np.int64)
    special = np.zeros(len(texts), dtype=np.bool_)
    n_marks = _spell(data, offsets, table[:N_ASCII], table, out, starts, special)
    # In place: what lies behind would be kept as long as the text.
    out.resize(starts[-1], refcheck=False)
    return Spelled(data=out, starts=starts), special, n_marks


@njit(nogil=True, cache=True)
def _spell(data, offsets, ascii_table, table, out, starts, special):
    """Fill out, starts and special; returns how many marks were left out."""
    n_out = int64(0)
    n_marks = 0
    for record in range(len(offsets) - 1):
        starts[record] = n_out
        i = offsets[record]
        end = offsets[record + 1]
        token = n_out
        while i < end:
            byte = data[i]
            if byte < N_ASCII:
                entry = ascii_table[byte]
                i += 1
            else:
                code_point, length = decode(data, i)
                entry = table[code_point]
                i += length
            kind = entry & uint32(3)
            if kind == SPECIAL:
                special[record] = True
            if n_out > token and not kind & WORD:
                n_out, n_marks = _end_token(out, token, n_out, n_marks)
                token = n_out
            if kind & WORD or kind == OTHER:
                n_out = _encode(entry >> uint32(2), out, n_out)
            if kind == OTHER:
                out[n_out] = _SPACE
                n_out += 1
                token = n_out
        if n_out > token:
            n_out, n_marks = _end_token(out, token, n_out, n_marks)
    starts[len(offsets) - 1] = n_out
    return n_marks


@njit(inline="always")
def _end_token(out, token, n_out, n_marks):
    if out[token] == _MARKS[0] and _is_mark(out, token, n_out):
        return token, n_marks + 1
    out[n_out] = _SPACE
    return n_out + 1, n_marks


@njit(nogil=True, cache=True)
def _is_mark(out, token, n_out):
    """Whether the token from `token` to `n_out` is one of the marks."""
    for mark in range(len(_MARK_STARTS) - 1):
        start, stop = _MARK_STARTS[mark], _MARK_STARTS[mark + 1]
        n_same = 0
        if stop - start == n_out - token:
            for i in range(n_out - token):
                n_same += out[token + i] == _MARKS[start + i]
        if n_same == stop - start:
            return True
    return False


@njit(inline="always")
def _encode(code_point, out, n_out):
    """Write one code point as UTF-8; returns where it ends."""
    if code_point < 0x80:
        out[n_out] = uint8(code_point)
        return n_out + 1
    if code_point < 0x800:
        out[n_out] = uint8(0xC0 | (code_point >> 6))
        out[n_out + 1] = uint8(0x80 | (code_point & 0x3F))
        return n_out + 2
    if code_point < 0x10000:
        out[n_out] = uint8(0xE0 | (code_point >> 12))
        out[n_out + 1] = uint8(0x80 | ((code_point >> 6) & 0x3F))
        out[n_out + 2] = uint8(0x80 | (code_point & 0x3F))
        return n_out + 3
    out[n_out] = uint8(0xF0 | (code_point >> 18))
    out[n_out + 1] = uint8(0x80 | ((code_point >> 12) & 0x3F))
    out[n_out + 2] = uint8(0x80 | ((code_point >> 6) & 0x3F))
    out[n_out + 3] = uint8(0x80 | (code_point & 0x3F))
    return n_out + 4


@njit(nogil=True, cache=True)
def _token_starts(data, starts, out):
    """Fill out; records without a token have no position."""
    begin = 0
    for record in range(len(starts) - 1):
        for t in range(starts[record], starts[record + 1]):
            out[t] = begin
            if t < starts[record + 1] - 1:
                while data[begin] != _SPACE:
                    begin += 1
                begin += 1
    out[starts[-1]] = begin
