"""Counts by class equal counts from dictionaries."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.ngram.class_count import count_classes
from hardness.ngram.class_keys import NO_CLASS, partition_class_keys, return_values
from hardness.ngram.class_rows import FIRST, is_pooled, large, small
from hardness.ngram.tokenize import tokenize, tokenizers
from tests.ngram.test_count import NO_SALTS, padded_ngrams

SPAN = 3


def unpack(value: np.uint64, pool: np.ndarray) -> dict[int, int]:
    if not is_pooled.py_func(value):
        count = large.py_func(value)
        return {small.py_func(value): count} if count else {}
    assert small.py_func(value) == SPAN
    at = large.py_func(value)
    pairs = pool[at + 1 : at + 1 + 2 * int(pool[at])].reshape(-1, 2)
    return {int(label): int(count) for label, count in pairs}


@pytest.mark.parametrize("dtype", [np.uint32, np.uint64], ids=["narrow", "wide"])
@pytest.mark.parametrize("n_bits", [0, 3])
@pytest.mark.parametrize("order", [1, 2, 3, 5])
@settings(max_examples=30, deadline=None)
@given(
    records=st.lists(
        st.tuples(st.text("ab é", max_size=12), st.integers(-1, 3)), min_size=1, max_size=12
    )
)
def test_counts_equal_dictionaries(order: int, n_bits: int, dtype, records) -> None:
    texts = [text for text, _ in records]
    labels = np.array([label for _, label in records], dtype=np.int32)
    tokens = tokenize(pa.array(texts), tokenizers.get("words"))
    slots = np.empty(len(tokens.ids), dtype=dtype)
    keys, classes, bounds = partition_class_keys(
        tokens.ids, tokens.starts, labels, order, NO_SALTS, n_bits, slots
    )
    routed = np.empty(len(keys), dtype=np.uint64)
    n_distinct, pool, pool_bounds = count_classes(
        keys, classes, bounds[None, :], 1, 4, SPAN, dtype, routed
    )
    values = np.empty(len(keys), dtype=np.uint64)
    return_values(routed, slots, values)
    ngrams = [(ngram, y) for text, y in records for ngram in padded_ngrams(text, order)]
    counted = [(ngram, y) for ngram, y in ngrams if y >= 0]
    counts = Counter(counted)
    assert n_distinct == len({ngram for ngram, _ in counted})
    assert pool_bounds.tolist() == [0, len(pool)]
    seen = set()
    for (ngram, label), value in zip(ngrams, values, strict=True):
        wanted = {y: counts[ngram, y] for y in range(4) if counts[ngram, y]}
        assert unpack(value, pool) == wanted
        assert bool(value & FIRST) == (label >= 0 and ngram not in seen)
        seen.update([ngram] if label >= 0 else [])


def test_each_block_has_what_occurs_in_it() -> None:
    keys = np.array([5, 5, 7, 9, 5, 9, 11], dtype=np.uint64)
    classes = np.array([0, 1, 0, NO_CLASS, 2, 1, 1], dtype=np.uint16)
    values = np.empty(7, dtype=np.uint64)
    bounds = np.array([[0, 4], [4, 6], [6, 7]])
    n_distinct, pool, pool_bounds = count_classes(
        keys, classes, bounds, 2, 3, SPAN, np.uint32, values
    )
    assert n_distinct == 3
    row = [3, 0, 1, 1, 1, 2, 1]
    assert pool.tolist() == [*row, *row]
    assert pool_bounds.tolist() == [0, 7, 14, 14]
    assert [unpack(value, pool[:7]) for value in values[:4]] == [
        {0: 1, 1: 1, 2: 1},
        {0: 1, 1: 1, 2: 1},
        {0: 1},
        {1: 1},
    ]
    assert [unpack(value, pool[7:14]) for value in values[4:6]] == [{0: 1, 1: 1, 2: 1}, {1: 1}]
    assert values[6] == 0
    assert (values & FIRST).tolist() == [1, 0, 1, 0, 0, 1, 0]


def test_tables_and_pools_grow_to_any_number_of_keys() -> None:
    rng = np.random.default_rng(0)
    keys = np.repeat(np.arange(30_000, dtype=np.uint64), 4)
    classes = np.tile(np.array([0, 65_000, 7, 7], dtype=np.uint16), 30_000)
    order = rng.permutation(len(keys))
    keys, classes = keys[order], classes[order]
    values = np.empty(len(keys), dtype=np.uint64)
    few = keys > 1  # key 0 shares the counts of key 1
    keys, classes, values = keys[few], classes[few], values[few]
    for bounds in (np.array([[0, len(keys)]]), np.array([[0, 900], [900, len(keys)]])):
        n_distinct, pool, pool_bounds = count_classes(
            keys, classes, bounds, len(bounds), 65_001, SPAN, np.uint32, values
        )
        assert n_distinct == 29_998
        for (start, stop), begin, end in zip(bounds, pool_bounds, pool_bounds[1:], strict=False):
            assert end - begin == 7 * len(np.unique(keys[start:stop]))
            for value in values[start:stop:97]:
                assert unpack(value, pool[begin:end]) == {0: 1, 65_000: 1, 7: 2}


def test_rows_of_a_partition_outlive_the_growth_of_pools_in_the_next() -> None:
    n_keys = 600
    keys = np.tile(np.repeat(np.arange(2, 2 + n_keys, dtype=np.uint64), 2), 2)
    classes = np.tile(np.array([0, 1], dtype=np.uint16), 2 * n_keys)
    values = np.empty(len(keys), dtype=np.uint64)
    # The first of three partitions has a few of the keys, the second the others, the third none.
    for first in (10, 2 * n_keys - 10):
        bounds = np.array([[0, first, 2 * n_keys, 2 * n_keys]])
        bounds = np.concatenate([bounds, bounds + 2 * n_keys])
        n_distinct, pool, pool_bounds = count_classes(
            keys, classes, bounds, 2, 2, SPAN, np.uint32, values
        )
        assert n_distinct == n_keys
        assert pool_bounds.tolist() == [0, 5 * n_keys, 10 * n_keys]
        for block, at in ((block, at) for block in range(2) for at in range(2 * n_keys)):
            own = pool[pool_bounds[block] : pool_bounds[block + 1]]
            assert unpack(values[2 * n_keys * block + at], own) == {0: 2, 1: 2}
