"""What a linear model sees of a record: hashed words, pairs of neighbours, and across two texts.

Legend: n records, K text columns, T tokens of a column and one end mark a record that has any.

Of each text column: its words, its neighbouring words with the ends of the text, and its length.
Of two text columns, a before b: the words of b that a has, those that it has not, the words of a
that b has not, the pairs of those (a word only in a with a word only in b), and how many words of b
are in a, how many are not, and in which quarter the share is. Every feature is there or not; how
often does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, uint64

from hardness.ngram.hashing import BOS, extend
from hardness.ngram.tokenize import Tokens

MOST_PAIRED = 16
"""Words only in a, and words only in b, that are paired: where there are more, those whose hash is
least, which are the same words in all texts."""
_FINE_LEVELS = 16
"""Numbers up to here are told apart; greater ones by their power of two."""

# What begins the key of a feature, for each kind; those of columns are counted up from theirs.
_SHARED = np.uint64(1)
_ONLY_B = np.uint64(2)
_ONLY_A = np.uint64(3)
_PAIR = np.uint64(4)
_N_SHARED = np.uint64(5)
_N_ONLY_B = np.uint64(6)
_SHARE = np.uint64(7)
_COLUMNS = np.uint64(8)
_KINDS_OF_COLUMN = np.uint64(3)


@dataclass(frozen=True, kw_only=True)
class Features:
    """The features of some records.

    Attributes:
        hashes: uint32, record after record, each at most once in a record.
        starts: int64 (n + 1,), record i has features starts[i] to starts[i + 1]; none where no
            text has a token.
    """

    hashes: np.ndarray
    starts: np.ndarray


def extract(columns: list[Tokens]) -> Features:
    """The features of records whose text columns are tokenised.

    Args:
        columns: K, each of all n records.
    """
    ids = np.concatenate([tokens.ids for tokens in columns])
    offsets = np.cumsum([0, *(len(tokens.ids) for tokens in columns[:-1])])
    starts = np.stack([tokens.starts + o for tokens, o in zip(columns, offsets, strict=True)])
    lengths = np.diff(starts)
    # Words and a neighbour more; a number for the length.
    most = (2 * lengths + 1).sum(axis=0)
    if len(columns) == 2:
        most += lengths.sum(axis=0) + np.minimum(lengths, MOST_PAIRED).prod(axis=0) + 3
    hashes = np.empty(most.sum(), dtype=np.uint32)
    found = np.empty(lengths.shape[1] + 1, dtype=np.int64)
    n_slots = 2 << int(max(most.max(initial=1), lengths.max(initial=1))).bit_length()
    n_features = _extract(ids, starts, n_slots, hashes, found)
    return Features(hashes=hashes[:n_features].copy(), starts=found)


@njit(inline="always")
def _level(number):
    """A number as one of few: itself if it is small, else its power of two."""
    if number <= _FINE_LEVELS:
        return uint64(number)
    level = _FINE_LEVELS
    while number > _FINE_LEVELS:
        number >>= 1
        level += 1
    return uint64(level)


@njit(inline="always")
def _slot(slots, owners, owner, key):
    """Where the owner has put the key into the table, or where it would.

    What other owners put there counts as free, so the table need not be cleared.
    """
    mask = uint64(len(slots) - 1)
    slot = (key ^ (key >> uint64(32))) & mask
    while owners[slot] == owner and slots[slot] != key:
        slot = (slot + uint64(1)) & mask
    return slot


@njit(inline="always")
def _has(slots, owners, owner, key):
    """Whether the owner has put the key into the table."""
    return owners[_slot(slots, owners, owner, key)] == owner


@njit(inline="always")
def _seen(slots, owners, owner, key):
    """Whether the owner has put the key into the table before; it has now."""
    slot = _slot(slots, owners, owner, key)
    if owners[slot] == owner:
        return True
    slots[slot] = key
    owners[slot] = owner
    return False


@njit(nogil=True)
def _put_least(words, n_words, word):
    """Keep the least of all words put here, in order, at most MOST_PAIRED; returns how many."""
    at = n_words
    while at > 0 and words[at - 1] > word:
        at -= 1
    if at == MOST_PAIRED:
        return n_words
    last = min(n_words, MOST_PAIRED - 1)
    for i in range(last, at, -1):
        words[i] = words[i - 1]
    words[at] = word
    return min(n_words + 1, MOST_PAIRED)


@njit(nogil=True)
def _add_column(ids, start, end, column, hashes, n):
    """Add what a text column has: words, pairs of neighbours, a length; returns how many by now."""
    kind = _COLUMNS + _KINDS_OF_COLUMN * uint64(column)
    before = BOS
    for i in range(start, end):
        token = ids[i]
        if i + 1 < end:  # not the end mark, which every text has
            hashes[n] = extend(kind, token) >> uint64(32)
            n += 1
        hashes[n] = extend(extend(kind + uint64(1), before), token) >> uint64(32)
        n += 1
        before = token
    hashes[n] = extend(kind + uint64(2), _level(end - start - 1)) >> uint64(32)
    return n + 1


@njit(nogil=True)
def _add_across(ids, starts, record, slots, owners, only_a, only_b, hashes, n):
    """Add what two text columns, a before b, have in common and have not; returns how many by now.

    Args:
        slots, owners: three hash tables, see `_seen`: the words of a, those of b, and those of a
            that were met; what records before left there does not count.
        only_a, only_b: uint64 (MOST_PAIRED,) to work in.
    """
    start_a, end_a = starts[0, record], starts[0, record + 1] - 1
    start_b, end_b = starts[1, record], starts[1, record + 1] - 1
    for i in range(start_a, end_a):
        _seen(slots[0], owners[0], 2 * record, ids[i])
    n_shared, n_only_b, n_paired_a, n_paired_b = 0, 0, 0, 0
    for i in range(start_b, end_b):
        token = ids[i]
        if _seen(slots[1], owners[1], record, token):
            continue
        if _has(slots[0], owners[0], 2 * record, token):
            n_shared += 1
            hashes[n] = extend(_SHARED, token) >> uint64(32)
        else:
            n_only_b += 1
            hashes[n] = extend(_ONLY_B, token) >> uint64(32)
            n_paired_b = _put_least(only_b, n_paired_b, token)
        n += 1
    for i in range(start_a, end_a):
        token = ids[i]
        if _has(slots[1], owners[1], record, token):
            continue
        # A table of its own marks what was met in this pass.
        if _seen(slots[2], owners[2], 2 * record, token):
            continue
        hashes[n] = extend(_ONLY_A, token) >> uint64(32)
        n += 1
        n_paired_a = _put_least(only_a, n_paired_a, token)
    for i in range(n_paired_a):
        key = extend(_PAIR, only_a[i])
        for j in range(n_paired_b):
            hashes[n] = extend(key, only_b[j]) >> uint64(32)
            n += 1
    share = (4 * n_shared) // max(1, n_shared + n_only_b)
    hashes[n] = extend(_N_SHARED, _level(n_shared)) >> uint64(32)
    hashes[n + 1] = extend(_N_ONLY_B, _level(n_only_b)) >> uint64(32)
    hashes[n + 2] = extend(_SHARE, uint64(share)) >> uint64(32)
    return n + 3


@njit(nogil=True, cache=True)
def _extract(ids, starts, n_slots, hashes, found):
    """Fill hashes and found; returns the number of features.

    Args:
        ids: uint64, tokens of one column after the other.
        starts: int64 (K, n + 1), where the records of each column begin.
        n_slots: of the hash tables, a power of two and at least twice what a record may need.
        hashes, found: see `Features`.
    """
    n_columns = starts.shape[0]
    slots = np.empty((3, n_slots), dtype=np.uint64)
    owners = np.full((3, n_slots), -1, dtype=np.int64)
    only_a = np.empty(MOST_PAIRED, dtype=np.uint64)
    only_b = np.empty(MOST_PAIRED, dtype=np.uint64)
    n = 0
    for record in range(starts.shape[1] - 1):
        found[record] = n
        first = n
        for column in range(n_columns):
            start, end = starts[column, record], starts[column, record + 1]
            if end > start:
                n = _add_column(ids, start, end, column, hashes, n)
        if n_columns == 2 and n > first:
            n = _add_across(ids, starts, record, slots, owners, only_a, only_b, hashes, n)
        kept = first
        for i in range(first, n):
            if not _seen(slots[2], owners[2], 2 * record + 1, uint64(hashes[i])):
                hashes[kept] = hashes[i]
                kept += 1
        n = kept
    found[starts.shape[1] - 1] = n
    return n
