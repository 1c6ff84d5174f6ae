"""Strings found among others, against a dictionary."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.ngram.hashing import hash_strings
from hardness.ngram.match import NOWHERE, match_strings
from hardness.ngram.strings import string_buffers

STRINGS = st.lists(st.text("ab7é", max_size=3), max_size=25)


def buffers(strings: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    data, offsets = string_buffers(pa.array(strings, pa.string()))
    hashes = np.empty(len(strings), dtype=np.uint64)
    hash_strings(data, offsets, hashes)
    return data, offsets, hashes


@settings(max_examples=150, deadline=None)
@given(strings=STRINGS, wanted=STRINGS, collide=st.booleans())
def test_equals_a_dictionary_even_where_hashes_collide(
    strings: list[str], wanted: list[str], collide: bool
) -> None:
    among, for_what = buffers(strings), buffers(wanted)
    if collide:
        among[2][:] = for_what[2][:] = 3
    places, repeated = match_strings(*among, *for_what)
    first = {string: i for i, string in reversed(list(enumerate(strings)))}
    assert places.tolist() == [first.get(string, NOWHERE) for string in wanted]
    twice = [i for i, string in enumerate(strings) if first[string] != i]
    assert repeated == (twice[0] if twice else NOWHERE)
