"""Tokenise Arrow strings straight into 64-bit token hashes.

Legend: n records, T predicted positions (every token and one `</s>` for each record that has a
token; an empty record has none).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit, uint32

from hardness.io.arrow import pc, string_scalar
from hardness.ngram.characters import (
    N_ASCII,
    OTHER,
    SPECIAL,
    WORD,
    Table,
    chars_table,
    n_needed,
    whitespace_table,
    words_table,
)
from hardness.ngram.hashing import EOS, TOKEN_SEED, add_code_point, finish
from hardness.ngram.strings import string_buffers
from hardness.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The token hashes of some records.

    Attributes:
        ids: uint64 (T,), record after record, the hash of each token and then `EOS`.
        starts: int64 (n + 1,), record i holds positions starts[i] to starts[i + 1].
    """

    ids: np.ndarray
    starts: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Tokenizer:
    """How text becomes tokens.

    Attributes:
        summary: what a token is, in a few words.
        table: makes the character table that drives the kernel.
        prepare: rewrites texts before the kernel sees them, for tokenisers that are a library's;
            it returns texts whose tokens are separated by white space. None where the kernel does
            everything.
        encode: gives the token hashes of texts all by itself, for tokenisers whose tokens are ids;
            None where the kernel hashes.
        digest: of the file that decides the tokens; None where the name alone does.
    """

    summary: str
    table: Table
    prepare: Callable[[pa.Array], pa.Array] | None = None
    encode: Callable[[pa.Array], Tokens] | None = None
    digest: str | None = None


def _nltk(texts: pa.Array) -> pa.Array:
    from hardness.ngram.nltk_words import nltk_words

    return nltk_words(texts)


def _hugging_face(path: str) -> Tokenizer:
    from hardness.ngram.hugging_face import hugging_face

    return hugging_face(path)


tokenizers: Registry[Tokenizer] = Registry("tokenizer")
tokenizers.add(
    "words",
    Tokenizer(summary=r"lower case, then \w+|[^\w\s]", table=words_table),
)
tokenizers.add(
    "whitespace",
    Tokenizer(summary="what white space separates, case kept", table=whitespace_table),
)
tokenizers.add(
    "nltk",
    Tokenizer(
        summary="NLTK's word tokeniser (improved Penn Treebank), case kept",
        table=whitespace_table,
        prepare=_nltk,
    ),
)
tokenizers.add(
    "chars",
    Tokenizer(
        summary="every character, case kept; any white space is the character \u2581",
        table=chars_table,
    ),
)
tokenizers.add_family("hf", "PATH", _hugging_face)


def identity(name: str) -> str:
    """What decides a tokenizer's tokens: its name, or the digest of its file, wherever that lies.

    Raises:
        HardnessError: there is no such tokenizer.
    """
    digest = tokenizers.get(name).digest
    return name if digest is None else f"{name.partition(':')[0]}:{digest}"


def tokenize(texts: pa.Array, tokenizer: Tokenizer) -> Tokens:
    """Tokenise and hash every text.

    Args:
        texts: string or large_string (n,), valid UTF-8. A null is an empty text.
        tokenizer: one of `tokenizers`.
    """
    if tokenizer.encode is not None:
        return tokenizer.encode(texts)
    texts = plain_texts(texts, tokenizer)
    tokens, special = _tokenize_once(texts, tokenizer)
    if special.any():
        tokens, _ = _tokenize_once(lower(texts, special), tokenizer)
    return tokens


def plain_texts(texts: pa.Array, tokenizer: Tokenizer) -> pa.Array:
    """The texts as kernels take them: rewritten if the tokenizer does that, without nulls."""
    if tokenizer.prepare is not None:
        texts = tokenizer.prepare(texts)
    return pc.fill_null(texts, string_scalar("", texts.type))


def lower(texts: pa.Array, which: np.ndarray) -> pa.Array:
    """The texts with those in lower case where `which`, bool (n,), is true."""
    mask = pa.array(which)
    lowered = [text.lower() for text in texts.filter(mask).to_pylist()]
    return pc.replace_with_mask(texts, mask, pa.array(lowered, texts.type))


def _tokenize_once(texts: pa.Array, tokenizer: Tokenizer) -> tuple[Tokens, np.ndarray]:
    """The tokens, and bool (n,), the texts that only Python can put in lower case."""
    data, offsets = string_buffers(texts)
    table = tokenizer.table(n_needed(data))
    ids = np.empty(len(data) + len(texts), dtype=np.uint64)
    starts = np.empty(len(texts) + 1, dtype=np.int64)
    special = np.zeros(len(texts), dtype=np.bool_)
    n_positions = _tokenize(data, offsets, table[:N_ASCII], table, ids, starts, special)
    ids.resize(n_positions, refcheck=False)  # in place: it may outlive what lies behind
    return Tokens(ids=ids, starts=starts), special


@njit(inline="always")
def decode(data, i):
    """The code point that starts at byte i of valid UTF-8 and its length; not for ASCII."""
    byte = uint32(data[i])
    if byte < 0xE0:
        return ((byte & uint32(0x1F)) << uint32(6)) | (uint32(data[i + 1]) & uint32(0x3F)), 2
    if byte < 0xF0:
        code_point = (byte & uint32(0x0F)) << uint32(12)
        code_point |= (uint32(data[i + 1]) & uint32(0x3F)) << uint32(6)
        return code_point | (uint32(data[i + 2]) & uint32(0x3F)), 3
    code_point = (byte & uint32(0x07)) << uint32(18)
    code_point |= (uint32(data[i + 1]) & uint32(0x3F)) << uint32(12)
    code_point |= (uint32(data[i + 2]) & uint32(0x3F)) << uint32(6)
    return code_point | (uint32(data[i + 3]) & uint32(0x3F)), 4


@njit(nogil=True, cache=True)
def _tokenize(data, offsets, ascii_table, table, ids, starts, special):
    """Fill ids, starts and special (where there is such a character); returns T.

    Two tables, because the 128 entries that nearly every character uses stay in the first cache.
    """
    n_out = 0
    for record in range(len(offsets) - 1):
        starts[record] = n_out
        i = offsets[record]
        end = offsets[record + 1]
        state = TOKEN_SEED
        in_word = False
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
            if kind & WORD:
                state = add_code_point(state, entry >> uint32(2))
                in_word = True
                continue
            if in_word:
                ids[n_out] = finish(state)
                n_out += 1
                state = TOKEN_SEED
                in_word = False
            if kind == OTHER:
                ids[n_out] = finish(add_code_point(TOKEN_SEED, entry >> uint32(2)))
                n_out += 1
        if in_word:
            ids[n_out] = finish(state)
            n_out += 1
        if n_out > starts[record]:
            ids[n_out] = EOS
            n_out += 1
    starts[len(offsets) - 1] = n_out
    return n_out
