"""Which records are held out together, in which order the others are trained on.

All of it follows from the seed and from what a record or its group is, never from how the data are
cut into partitions.

Legend: n records.
"""

from __future__ import annotations

import numpy as np

from hardness.ngram.hashing import uniform

_STREAM = np.uint64(0xD1342543DE82EF95)
_FOLD, _CHUNK = 1, 2


def folds_of(salts: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """uint32 (n,), the fold of each record, less than n_folds.

    Args:
        salts: uint64 (n,), equal for records that must share a fold: the hash of their group, or
            each record's row.
        n_folds: K, at least 1.
        seed: at least 0.
    """
    return _drawn(salts, n_folds, seed, _FOLD)


def chunks_of(rows: np.ndarray, n_chunks: int, seed: int) -> np.ndarray:
    """uint32 (n,), the chunk of each record, less than n_chunks.

    A chunk is what is in memory at a time: records drawn from all over the data.

    Args:
        rows: uint64 (n,), global rows.
        n_chunks: at least 1.
        seed: at least 0.
    """
    return _drawn(rows, n_chunks, seed, _CHUNK)


def order_of_chunks(n_chunks: int, seed: int, epoch: int) -> np.ndarray:
    """The order in which an epoch, counted from 0, goes through the chunks."""
    return np.random.default_rng([seed, epoch]).permutation(n_chunks)


def order_in_chunk(n_records: int, seed: int, epoch: int, chunk: int) -> np.ndarray:
    """The order in which an epoch goes through the records of a chunk, which are in that of rows.

    The same for all folds, each of which leaves out its own.
    """
    return np.random.default_rng([seed, epoch, chunk]).permutation(n_records)


def _drawn(keys: np.ndarray, n: int, seed: int, stream: int) -> np.ndarray:
    with np.errstate(over="ignore"):
        shift = _STREAM * np.uint64(2 * seed + 1) * np.uint64(2 * stream + 1)
        numbers = uniform(keys + shift)
    return (numbers * n).astype(np.uint32)
