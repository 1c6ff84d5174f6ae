"""Tokenise with a Hugging Face `tokenizers` file.

The library encodes batches in Rust without the interpreter's lock; ids come back a record at a
time and are hashed by a kernel. Special tokens are not added, and what the file says of truncation
and padding is left aside: a record is all of its text and nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from numba import njit

from hardness.errors import HardnessError
from hardness.io.arrow import pc
from hardness.ngram.characters import whitespace_table
from hardness.ngram.hashing import EOS, TOKEN_SEED, add_code_point, finish
from hardness.ngram.tokenize import Tokenizer, Tokens

FILE = "tokenizer.json"

_BATCH_BYTES = 1 << 20
"""Of text encoded at a time: until ids are taken the library keeps about 100 bytes a token."""


def hugging_face(path: str) -> Tokenizer:
    """The tokenizer of a file, or of the `tokenizer.json` in a folder.

    Args:
        path: what `save_pretrained` or `Tokenizer.save` wrote.

    Raises:
        HardnessError: there is no such file, it cannot be read, or `tokenizers` is not installed.
    """
    file = Path(path).expanduser()
    file = file / FILE if file.is_dir() else file
    try:
        status = file.stat()
    except OSError as error:
        raise _missing(path, error) from error
    return _load(str(file.absolute()), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _load(path: str, mtime_ns: int, size: int) -> Tokenizer:
    """Read once a process; the time and the size tell a changed file from the one read."""
    try:
        from tokenizers import Tokenizer as Encoder
    except ImportError as error:
        raise HardnessError(
            "the tokenizers package must be installed for --tokenizer hf:PATH, got none; "
            "pip install 'hardness[hf]'"
        ) from error
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _missing(path, error) from error
    try:
        encoder = Encoder.from_str(content.decode())
    except Exception as error:  # the library raises nothing more special
        raise HardnessError(
            f"tokenizer hf:PATH must be a tokenizer.json that the tokenizers package reads, got "
            f"{path} ({str(error).splitlines()[0]}); write it again with save_pretrained"
        ) from error
    encoder.no_truncation()
    encoder.no_padding()
    return Tokenizer(
        summary="the ids that a Hugging Face tokenizer gives, without special tokens",
        table=whitespace_table,
        prepare=partial(spell_ids, encoder),
        encode=partial(encode, encoder),
        digest=xxhash.xxh3_128_hexdigest(content),
    )


def _missing(path: str, error: OSError) -> HardnessError:
    return HardnessError(
        f"tokenizer hf:PATH must name a {FILE} or a folder with one, got {path!r} "
        f"({error.strerror}); save_pretrained of a fast tokenizer writes it"
    )


def encode(encoder: Any, texts: pa.Array) -> Tokens:
    """Token hashes of every text.

    Args:
        encoder: a `tokenizers.Tokenizer`.
        texts: string or large_string (n,). A null is an empty text.
    """
    ids, lengths = _ids(encoder, texts)
    hashes = np.empty(len(ids) + np.count_nonzero(lengths), dtype=np.uint64)
    starts = np.empty(len(texts) + 1, dtype=np.int64)
    _hash_ids(ids, lengths, hashes, starts)
    return Tokens(ids=hashes, starts=starts)


def spell_ids(encoder: Any, texts: pa.Array) -> pa.Array:
    """Every text as its tokens' names, with a space between.

    White space in a name is written as `<0x20>`, since it would part the token.
    """
    ids, lengths = _ids(encoder, texts)
    vocabulary = encoder.get_vocab(with_added_tokens=True)
    names: list[str | None] = [None] * (max(vocabulary.values(), default=-1) + 1)
    for name, index in vocabulary.items():
        names[index] = re.sub(r"\s", lambda space: f"<0x{ord(space[0]):02X}>", name) or "<0x>"
    tokens = pa.array(names, texts.type).take(pa.array(ids))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    lists = pa.LargeListArray.from_arrays(pa.array(offsets), tokens)
    return pc.binary_join(lists, pa.scalar(" ", texts.type))


def _ids(encoder: Any, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """uint32 ids of all texts, and int64 (n,) how many each has."""
    ids, lengths = [], []
    for batch in _batches(texts):
        encoded = encoder.encode_batch_fast(batch, add_special_tokens=False)
        counts = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
        values = chain.from_iterable(encoding.ids for encoding in encoded)
        ids.append(np.fromiter(values, dtype=np.uint32, count=counts.sum()))
        lengths.append(counts)
    return (
        np.concatenate([np.empty(0, dtype=np.uint32), *ids]),
        np.concatenate([np.empty(0, dtype=np.int64), *lengths]),
    )


def _batches(texts: pa.Array) -> Iterator[list[str]]:
    """All texts in order, about `_BATCH_BYTES` at a time and at least one."""
    texts = pc.fill_null(texts, "")
    ends = np.cumsum(np.asarray(pc.binary_length(texts)), dtype=np.int64)
    start = 0
    while start < len(texts):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _BATCH_BYTES, side="right")))
        yield texts[start:stop].to_pylist()
        start = stop


@njit(nogil=True, cache=True)
def _hash_ids(ids, lengths, hashes, starts):
    """Fill hashes and starts; an id is hashed as a token of one code point would be."""
    n_out = 0
    i = 0
    for record in range(len(lengths)):
        starts[record] = n_out
        for _ in range(lengths[record]):
            hashes[n_out] = finish(add_code_point(TOKEN_SEED, ids[i]))
            n_out += 1
            i += 1
        if lengths[record] > 0:
            hashes[n_out] = EOS
            n_out += 1
    starts[len(lengths)] = n_out
