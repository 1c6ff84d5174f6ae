"""Fingerprints of files and of plain values: xxh3-128, as 32 hexadecimal digits."""

from __future__ import annotations

import json
import re
from typing import Any

import xxhash

from hardness.io.storage import AnyPath, blocks

_DIGEST = re.compile(r"[0-9a-f]{32}")
_CHUNK_BYTES = 1 << 20  # stays in a core's cache between reading and hashing


def file_digest(path: AnyPath) -> str:
    """The xxh3-128 of a file's bytes, read in chunks; of a remote one too."""
    digest = xxhash.xxh3_128()
    for block in blocks(path, _CHUNK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def object_digest(value: Any) -> str:
    """The xxh3-128 of a JSON-like value, whatever the order of its keys.

    Args:
        value: dicts with string keys, lists, tuples (as lists), strings, finite numbers, booleans
            and None.

    Raises:
        TypeError, ValueError: the value has no canonical JSON form.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return xxhash.xxh3_128_hexdigest(text.encode())


def is_digest(value: object) -> bool:
    """Whether the value reads as a digest does."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None
