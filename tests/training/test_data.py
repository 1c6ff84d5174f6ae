"""The stream of batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hardness.curriculum.shards import open_shards
from hardness.training.batches import BatchPlan
from hardness.training.data import NO_ROW, BatchStream, InOrder, prefetched
from hardness.training.tasks import Classification
from hardness.training.tiny import tiny_tokenizer, train_bpe
from tests.training.conftest import MakeShards, pairs


def stream(path: Path, *, batch_size: int = 8, epochs: int = 1, **options: Any) -> BatchStream:
    shards = open_shards(path)
    records = pairs(5)
    task = Classification(
        tokenizer=tiny_tokenizer(train_bpe(records["premise"]), max_length=32),
        text=["premise", "hypothesis"],
        label="label",
        ids={"no": 0, "yes": 1},
        max_length=32,
    )
    accumulate = options.pop("accumulate", 1)
    return BatchStream(
        source=InOrder(shards, shards.columns),
        plan=BatchPlan(
            rows=shards.rows, batch_size=batch_size, epochs=epochs, accumulate=accumulate
        ),
        task=task,
        **options,
    )


def rows_of(stream: BatchStream, start: int = 0) -> list[int]:
    return [
        int(row)
        for step in stream.steps(start)
        for micro in step.micro_batches
        for row in micro.rows
        if row != NO_ROW
    ]


@pytest.mark.parametrize("batch_size", [1, 7, 25, 64, 100])
def test_rows_come_in_the_order_of_the_shards(make_shards: MakeShards, batch_size: int) -> None:
    path = make_shards(pairs(64))
    expected = open_shards(path).column("row").to_pylist()
    assert rows_of(stream(path, batch_size=batch_size, epochs=2)) == expected * 2


@pytest.mark.parametrize("start", [1, 3, 8, 12])
def test_a_stream_can_start_at_any_step(make_shards: MakeShards, start: int) -> None:
    path = make_shards(pairs(64))
    expected = open_shards(path).column("row").to_pylist() * 2
    assert rows_of(stream(path, epochs=2), start) == expected[start * 8 :]


@pytest.mark.parametrize("world_size", [1, 2, 3, 5])
@pytest.mark.parametrize("accumulate", [1, 3])
def test_ranks_take_turns_within_each_global_micro_batch(
    make_shards: MakeShards, world_size: int, accumulate: int
) -> None:
    path = make_shards(pairs(27))
    streams = [
        stream(path, batch_size=10, rank=r, world_size=world_size, accumulate=accumulate).steps()
        for r in range(world_size)
    ]
    seen: list[int] = []
    for steps in zip(*streams, strict=True):
        for index, size in enumerate(steps[0].sizes):
            micro = [step.micro_batches[index].rows for step in steps]
            for turn in range(max(len(rows) for rows in micro)):
                seen += [int(rows[turn]) for rows in micro if turn < len(rows)]
            assert sum(int((rows != NO_ROW).sum()) for rows in micro) == size
    assert [row for row in seen if row != NO_ROW] == open_shards(path).column("row").to_pylist()


def test_a_rank_without_a_record_gets_an_example_without_units(make_shards: MakeShards) -> None:
    path = make_shards(pairs(9))
    *_, last = stream(path, batch_size=8, rank=1, world_size=2).steps()
    (micro,) = last.micro_batches
    assert micro.rows.tolist() == [NO_ROW]
    assert micro.units.tolist() == [0.0]


def test_undefined_hardness_is_in_the_middle(make_shards: MakeShards) -> None:
    path = make_shards(pairs(4), hardness=[0.0, None, 1.0, None])
    (step,) = stream(path).steps()
    assert step.micro_batches[0].hardness.tolist() == [0.0, 0.5, 1.0, 0.5]


def test_weights_are_read_where_the_shards_have_them(make_shards: MakeShards) -> None:
    with_weight = make_shards(pairs(2), name="with", weight=[0.5, 2.0])
    (step,) = stream(with_weight).steps()
    assert step.micro_batches[0].weight is not None
    assert step.micro_batches[0].weight.tolist() == [0.5, 2.0]
    (step,) = stream(make_shards(pairs(2), name="without")).steps()
    assert step.micro_batches[0].weight is None


def test_prefetching_keeps_the_order_and_bounds_how_far_it_is_ahead() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    ahead = []
    taken = []
    for number in prefetched(numbers, depth=3):
        time.sleep(0.001)
        taken.append(number)
        ahead.append(len(made) - number)
    assert taken == list(range(50))
    assert max(ahead) <= 3 + 2  # in the queue, and one in each hand


def test_an_error_in_the_background_is_raised_where_the_batches_are_used() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken record")

    items = prefetched(broken)
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken record"):
        next(items)


def test_leaving_early_ends_the_background_thread() -> None:
    items = prefetched(lambda: iter(range(10**9)))
    next(items)
    items.close()
    assert "hardness-prefetch" not in {thread.name for thread in threading.enumerate()}


def test_reading_forwards_opens_each_row_group_once(
    make_shards: MakeShards, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = open_shards(make_shards(pairs(64)))
    starts: list[int] = []
    tables = shards.tables

    def counted(columns: Any, *, start: int = 0) -> Any:
        starts.append(start)
        return tables(columns, start=start)

    monkeypatch.setattr(shards, "tables", counted)
    source = InOrder(shards, ["row"])
    pieces = [source.read(0, low, low + 8).column("row").to_numpy() for low in range(0, 64, 8)]
    np.testing.assert_array_equal(np.concatenate(pieces), shards.column("row").to_numpy())
    assert starts[0] == 0
    assert len(starts) == 2  # one for the source, one for the comparison


def test_records_can_be_read_once_from_shards_that_repeat_them(make_shards: MakeShards) -> None:
    path = make_shards(pairs(40), rows=[3, 1, 3, 0, *range(20, 0, -1), *range(16)])
    shards = open_shards(path)
    assert shards.manifest.occurrences["records"] == 21
    source = InOrder(shards, shards.columns, once=True)
    found = [source.read(0, start, min(start + 6, 21)) for start in range(0, 21, 6)]
    rows = [row for table in found for row in table.column("row").to_pylist()]
    assert rows == [3, 1, 0, *(row for row in range(20, 0, -1) if row not in (1, 3))]
