"""How positions are cut into shards, row groups and buckets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum.plan import (
    arrow_bytes,
    bucket_edges,
    default_shard_rows,
    row_group_rows,
)


def test_shards_and_row_groups_follow_the_size_of_a_record() -> None:
    # 1 KiB a record: 2^16 fill 64 MiB, 2^13 fill 8 MiB.
    assert default_shard_rows(rows=10**6, input_bytes=2**10 * 10**6) == 2**16
    assert row_group_rows(rows=10**6, input_bytes=2**10 * 10**6) == 2**13
    # Tiny and huge records meet the limits.
    assert row_group_rows(rows=10**6, input_bytes=10**6) == 2**16
    assert row_group_rows(rows=10, input_bytes=10**9) == 1024


def test_compressed_files_grow_more_in_memory() -> None:
    assert arrow_bytes({"a.jsonl": 100, "b.jsonl.GZ": 100, "c.parquet": 10}) == 150 + 500 + 50


@given(
    rows=st.integers(1, 5000),
    shard_rows=st.integers(1, 6000),
    group_rows=st.integers(1, 700),
    memory=st.integers(1, 10**6),
)
def test_buckets_tile_the_positions_within_shards_in_whole_row_groups(
    rows: int, shard_rows: int, group_rows: int, memory: int
) -> None:
    edges = bucket_edges(
        rows=rows,
        shard_rows=shard_rows,
        group_rows=group_rows,
        data_bytes=rows * 100,
        memory=memory,
        threads=2,
    )
    assert edges[0] == 0
    assert edges[-1] == rows
    assert np.all(np.diff(edges) > 0)
    assert set(range(0, rows, shard_rows)) <= set(edges.tolist())
    assert np.all((edges[:-1] % shard_rows) % group_rows == 0)


def test_buckets_shrink_with_the_memory() -> None:
    options = {"rows": 1000, "shard_rows": 1000, "group_rows": 10, "data_bytes": 8000}
    # A bucket of b records is in memory 8 times in each of 2 threads, 8 bytes a record.
    edges = bucket_edges(**options, memory=8 * 2 * 8 * 100, threads=2)
    assert np.diff(edges).tolist() == [100] * 10
    assert len(bucket_edges(**options, memory=10**9, threads=2)) == 2


def test_buckets_are_few_or_small() -> None:
    options = {"rows": 10**6, "shard_rows": 10**6, "group_rows": 1, "memory": 10**15}
    # 2^30 bytes are 64 times 16 MiB; of 2^40 bytes, 1024 buckets have a thousandth each.
    assert len(bucket_edges(**options, data_bytes=2**30, threads=1)) == pytest.approx(65, abs=1)
    assert len(bucket_edges(**options, data_bytes=2**40, threads=1)) == pytest.approx(1025, abs=1)
