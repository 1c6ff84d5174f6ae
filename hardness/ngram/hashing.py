"""64-bit hashes of tokens and n-grams.

A token is hashed from its code points, an n-gram from its tokens' hashes. With m distinct n-grams
the expected number of colliding pairs is m(m-1)/2**65: 0.03 for a billion.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

# Hashes of the sentence marks. They are not the hash of any text, so a literal "<s>" or "</s>" in
# the data is an ordinary token.
BOS = np.uint64(0x6A09E667F3BCC909)
EOS = np.uint64(0xBB67AE8584CAA73B)

TOKEN_SEED = np.uint64(0x243F6A8885A308D3)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@njit(inline="always")
def add_code_point(state, code_point):
    """The running hash of a token after one more code point; starts from `TOKEN_SEED`."""
    state = (state ^ uint64(code_point)) * _STEP
    return state ^ (state >> uint64(29))


@njit(inline="always")
def finish(state):
    """Spread a running hash over all 64 bits (the finaliser of SplitMix64)."""
    state = (state ^ (state >> uint64(30))) * _MIX_1
    state = (state ^ (state >> uint64(27))) * _MIX_2
    return state ^ (state >> uint64(31))


@njit(inline="always")
def extend(key, token):
    """The key of an n-gram extended by one token on the right."""
    rotated = (key << uint64(23)) | (key >> uint64(41))
    return finish(rotated * _STEP + token)


@njit(nogil=True, cache=True)
def hash_strings(data, offsets, hashes):
    """Hash whole strings.

    Args:
        data: uint8 bytes of all strings.
        offsets: int64 (n + 1,).
        hashes: uint64 (n,), filled; never 0.
    """
    for i in range(len(hashes)):
        state = TOKEN_SEED
        for byte in data[offsets[i] : offsets[i + 1]]:
            state = add_code_point(state, byte)
        hashes[i] = finish(state) | uint64(1)


def uniform(numbers: np.ndarray) -> np.ndarray:
    """float64 (n,) in [0, 1): as if drawn at random, but by uint64 (n,) numbers alone."""
    return (finish.py_func(numbers + _STEP) >> np.uint64(11)) * 2.0**-53
