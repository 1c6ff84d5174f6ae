"""NLTK's word tokeniser at the speed of its distinct words.

`NLTKWordTokenizer` runs some thirty regular expressions over a text. All but a few look no further
than the white space around a word, so a word between two spaces always gives the same tokens, and
NLTK needs to see it only once. What does look further:

- `^"` and a quote after a space tell the first word from others;
- `[:,]$` and the two rules for the final period look at the end of the text, the latter past any
  closing quotes, brackets and white space.

So the first word and the end of a text, from the word with the final period on, are seen as such,
unless they begin with a letter or digit, or are nothing but letters and digits and the period.
Rules tell a space from other white space, so words are what spaces part, and may hold a line break.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from hardness.io.arrow import pc

_CLOSERS = "\\]\\)}>\"'»\u201d\u2019\\s\x1c-\x1f\\x{85}\\p{Z}"
"""What the rules for the final period look past: quotes, brackets and white space."""
_HEAD_AND_TAIL = rf"(?s)^(?P<head>.*?)(?P<tail>[^ ]*\.[{_CLOSERS}]*|[^ ]+ *)$"
_PLAIN_FIRST = r"^[\p{L}\p{N}]"
_PLAIN_TAIL = r"^([\p{L}\p{N}]+)(\.?)$"
_NEUTRAL = "\ue000"
"""A word that no rule touches: it keeps rules for the ends of a text away, and words apart."""
_AT_A_TIME = 4096
"""Words; a call costs as much as thirty letters."""


# What stands around a piece of a text.
_INNER = 0  # spaces on both sides
_FIRST = 1  # the beginning, and a space
_LAST = 2  # a space, and the end
_WHOLE = 3  # the beginning and the end

Tokenize = Callable[[str], list[str]]


def nltk_words(texts: pa.Array) -> pa.Array:
    """Every text as NLTK's tokens, with spaces between; null for null.

    Args:
        texts: string or large_string (n,).
    """
    from nltk.tokenize import NLTKWordTokenizer

    tokenizer = NLTKWordTokenizer()
    tokenize = tokenizer.tokenize
    kind = texts.type
    parts = pc.extract_regex(texts, _HEAD_AND_TAIL)
    # No match: nothing but spaces.
    heads, tails = (
        pc.coalesce(pc.struct_field(parts, name).cast(kind), texts, pa.scalar("", kind))
        for name in ("head", "tail")
    )
    heads = pc.if_else(parts.is_valid(), heads, pa.scalar("", kind))
    words = pc.split_pattern(heads, " ")
    lengths = np.asarray(pc.list_value_length(words)).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    words = pc.list_flatten(words)
    # A head ends with a space, so its last word is empty, and its first one if it begins with one.
    first = np.zeros(len(words), dtype=np.bool_)
    first[starts[:-1]] = True
    first &= ~np.asarray(pc.match_substring_regex(words, _PLAIN_FIRST))
    alone = np.asarray(pc.equal(heads, ""))
    plain = np.asarray(pc.match_substring_regex(tails, _PLAIN_TAIL))
    tails = pc.replace_substring_regex(tails, _PLAIN_TAIL, r"\1 \2")
    pieces = pa.concat_arrays([words, tails])
    kinds = np.concatenate([np.where(first, _FIRST, _INNER), np.where(alone, _WHOLE, _LAST)])
    kinds[len(words) :][plain] = _INNER
    # Every text is its words, then its tail.
    ends = starts + np.arange(len(starts))
    places = np.empty(len(pieces), dtype=np.int64)
    places[: len(words)] = np.arange(len(words)) + np.repeat(np.arange(len(texts)), lengths)
    places[len(words) :] = ends[1:] - 1
    spelled = np.empty(len(pieces), dtype=np.int64)
    known: list[str] = []
    for piece_kind, see in (
        (_INNER, partial(_inner, tokenizer)),
        (_FIRST, partial(_each, lambda word: tokenize(f"{word} {_NEUTRAL}")[:-1])),
        (_LAST, partial(_each, lambda tail: tokenize(f"{_NEUTRAL} {tail}")[1:])),
        (_WHOLE, partial(_each, tokenize)),
    ):
        these = kinds == piece_kind
        encoded = pieces.filter(pa.array(these)).dictionary_encode()
        spelled[places[these]] = len(known) + np.asarray(encoded.indices).astype(np.int64)
        known.extend(see(encoded.dictionary.to_pylist()))
    tokens = pa.array(known, kind).take(pa.array(spelled))
    lists = pa.LargeListArray.from_arrays(pa.array(ends), tokens)
    joined = pc.binary_join(lists, pa.scalar(" ", kind))
    return pc.if_else(texts.is_valid(), joined, pa.scalar(None, kind))


def _each(tokenize: Tokenize, words: list[str]) -> list[str]:
    """The tokens of each, with a space between."""
    return [" ".join(tokenize(word)) for word in words]


def _inner(tokenizer: Any, words: list[str]) -> list[str]:
    """The tokens of each as a word between two spaces, many in one text."""
    spelled = list(words)
    plain = [word for word in words if word.isascii() and word.isalnum()]
    # Of letters and digits alone, a word is taken apart by contractions (`cannot`) or not at all.
    rules = (*tokenizer.CONTRACTIONS2, *tokenizer.CONTRACTIONS3)
    text = f" {' '.join(plain)} "
    contracted = {match.group() for rule in rules for match in rule.finditer(text)}
    whole = set(plain) - contracted
    others = [i for i, word in enumerate(words) if word not in whole]
    for start in range(0, len(others), _AT_A_TIME):
        batch = others[start : start + _AT_A_TIME]
        if any(_NEUTRAL in words[i] for i in batch):
            for i in batch:
                spelled[i] = " ".join(_between(tokenizer.tokenize, words[i]))
            continue
        tokens = tokenizer.tokenize(f" {_NEUTRAL} ".join(["", *(words[i] for i in batch), ""]))
        pieces = " ".join(tokens).split(_NEUTRAL)[1:-1]
        for i, piece in zip(batch, pieces, strict=True):
            spelled[i] = piece.strip(" ")
    return spelled


def _between(tokenize: Tokenize, word: str) -> list[str]:
    return tokenize(f"{_NEUTRAL} {word} {_NEUTRAL}")[1:-1]
