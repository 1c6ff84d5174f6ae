"""Orders that are drawn anew each epoch."""

from __future__ import annotations

from pathlib import Path

from hardness.curriculum.shards import open_shards
from hardness.training.shuffle import Shuffled
from tests.training.conftest import MakeShards, pairs


def test_each_epoch_has_every_record_in_an_order_of_its_own(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    shards = open_shards(make_shards(pairs(60)))

    def orders(seed: int) -> list[list[int]]:
        source = Shuffled(shards, ["row", "premise"], seed=seed, folder=tmp_path / "room")
        return [
            [
                row
                for start in range(0, 60, 7)
                for row in source.read(epoch, start, min(start + 7, 60))["row"].to_pylist()
            ]
            for epoch in (0, 1)
        ]

    first, second = orders(0)
    rows = shards.column("row").to_pylist()
    assert sorted(first) == sorted(second) == sorted(rows)
    assert len({tuple(first), tuple(second), tuple(rows), tuple(orders(1)[0])}) == 4
    assert orders(0) == [first, second]
    assert not list((tmp_path / "room").iterdir())


def test_records_stay_whole(make_shards: MakeShards, tmp_path: Path) -> None:
    shards = open_shards(make_shards(pairs(60)))
    source = Shuffled(shards, ["row", "premise"], seed=0, folder=tmp_path)
    together = dict(
        zip(shards.column("row").to_pylist(), shards.column("premise").to_pylist(), strict=True)
    )
    table = source.read(0, 10, 40)
    for row, premise in zip(table["row"].to_pylist(), table["premise"].to_pylist(), strict=True):
        assert together[row] == premise
