"""Flesch reading ease of English text, straight from UTF-8 bytes.

Legend: n records.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint32

from hardness.ngram.characters import N_ASCII, N_CODE_POINTS, SPACE, whitespace_table
from hardness.ngram.tokenize import decode

# What a character is to this kernel, in a table with an entry an input code point.
_NEITHER, _BLANK, _VOWEL, _CONSONANT, _APOSTROPHE, _DIGIT, _ENDER, _CLOSER = range(8)
_CLASSES = {
    _VOWEL: "aeiouyAEIOUY",
    _CONSONANT: "bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ",
    _APOSTROPHE: "'\u2019",
    _DIGIT: "0123456789",
    _ENDER: ".!?\u2026",
    _CLOSER: '")]}\u201d\u00bb',
}

_LETTERS = 4
"""The last letters of a word that decide whether its last e is heard."""
_D, _E, _L, _S, _T = (ord(letter) for letter in "delst")
_SIBILANTS = tuple(ord(letter) for letter in "sxzcgh")
_VOWELS = tuple(ord(letter) for letter in "aeiouy")
_LOWER = 0x20


def character_classes() -> np.ndarray:
    """uint8 (N_CODE_POINTS,): what each character is to `flesch_counts`."""
    spaces = (whitespace_table(N_CODE_POINTS) & np.uint32(3)) == SPACE
    classes = np.where(spaces, _BLANK, _NEITHER).astype(np.uint8)
    for value, characters in _CLASSES.items():
        classes[[ord(character) for character in characters]] = value
    return classes


def reading_ease(data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Flesch reading ease of texts.

        206.835 - 1.015 words / sentences - 84.6 syllables / words

    A word is what white space separates, if it has a letter from a to z or a digit. A sentence ends
    with a word or mark that ends in `.`, `!`, `?` or an ellipsis, closing quotes and brackets
    aside, if there was a word since the last; so an abbreviation's full stop ends one, too. The end
    of the text ends one. A run of letters (apostrophes are skipped) has as many syllables as
    groups of the vowels a, e, i, o, u and y, at least one. In a run with several groups a last e,
    ed or es after a consonant is silent, but for ed after t or d, es after s, x, z, c, g or h, and
    le, led or les after another consonant than l. A word has the syllables of its runs, or one.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 (n + 1,).

    Returns:
        float64 (n,), about 0 to 100 and at most 121.22, lower is harder; NaN without a word.

    Source: Flesch 1948, A new readability yardstick. Syllables are the heuristic's, for English.
    """
    counts = flesch_counts(data, offsets, character_classes())
    words, sentences, syllables = counts.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return 206.835 - 1.015 * (words / sentences) - 84.6 * (syllables / words)


@njit(nogil=True, cache=True)
def flesch_counts(data, offsets, classes):
    """int64 (3, n): words, sentences and syllables of each text; see `reading_ease`."""
    n_records = len(offsets) - 1
    counts = np.zeros((3, n_records), dtype=np.int64)
    tail = np.zeros(_LETTERS, dtype=np.uint32)
    for record in range(n_records):
        words = sentences = syllables = 0
        open_words = 0  # since the last sentence ended
        in_word = ends = False
        own = groups = 0  # syllables of the word so far, and vowel groups of the run at hand
        vowel = False
        tail.fill(0)
        i = offsets[record]
        end = offsets[record + 1]
        while i <= end:
            code_point, kind = uint32(0), _BLANK  # the end is like a space
            if i < end:
                code_point, length = uint32(data[i]), 1
                if code_point >= N_ASCII:
                    code_point, length = decode(data, i)
                kind = classes[code_point]
                i += length
            else:
                i += 1
            if kind in (_VOWEL, _CONSONANT):
                in_word, ends = True, False
                groups += kind == _VOWEL and not vowel
                vowel = kind == _VOWEL
                for k in range(_LETTERS - 1, 0, -1):
                    tail[k] = tail[k - 1]
                tail[0] = code_point | uint32(_LOWER)
                continue
            if kind == _APOSTROPHE:
                continue
            if tail[0] != 0:
                own += max(groups - _ends_in_silent_e(tail, groups), 1)
                groups, vowel = 0, False
                tail.fill(0)
            if kind == _BLANK:
                words += in_word
                open_words += in_word
                syllables += max(own, 1) if in_word else 0
                if ends and open_words > 0:
                    sentences += 1
                    open_words = 0
                in_word, ends, own = False, False, 0
            elif kind == _ENDER:
                ends = True
            elif kind != _CLOSER:
                in_word = in_word or kind == _DIGIT
                ends = False
        counts[0, record] = words
        counts[1, record] = sentences + (open_words > 0)
        counts[2, record] = syllables
    return counts


@njit(nogil=True, cache=True)
def _ends_in_silent_e(tail, groups):
    """Whether the run's last vowel group is an e that is not heard; tail is the last letters."""
    if groups < 2:
        return False
    at = 0
    if tail[0] != _E:
        if tail[1] != _E or tail[0] not in (_D, _S):
            return False
        at = 1
    before, further = tail[at + 1], tail[at + 2]
    if not _is_consonant(before):
        return False
    if before == _L and _is_consonant(further) and further != _L:
        return False
    if at == 1 and tail[0] == _D:
        return before not in (_D, _T)
    return at == 0 or before not in _SIBILANTS


@njit(nogil=True, cache=True)
def _is_consonant(letter):
    return letter != 0 and letter not in _VOWELS
