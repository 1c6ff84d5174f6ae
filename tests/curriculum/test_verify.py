"""Checking a folder of shards: everything that is wrong with it is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hardness
from hardness.curriculum.manifest import read_manifest, write_manifest
from hardness.curriculum.verify import verify
from hardness.curriculum.write import write_shards
from hardness.errors import HardnessError
from hardness.io.digest import file_digest
from tests.curriculum.test_shards import altered, manifest, ordered

Damage = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_shards(tmp_path / "shards", ordered(), manifest(), row_group_rows=3)
    return tmp_path / "shards"


def path_of(folder: Path, index: int) -> Path:
    return folder / f"shard-{index:05d}.parquet"


def foreign(folder: Path) -> None:
    """Put the shard of another order in the place of one."""
    other = folder.with_name("other")
    write_shards(other, ordered(), manifest(seed=1), row_group_rows=3)
    path_of(folder, 0).write_bytes(path_of(other, 0).read_bytes())


DAMAGE: dict[str, tuple[Damage, str]] = {
    "missing": (lambda folder: path_of(folder, 1).unlink(), "shard-00001.parquet must be there"),
    "truncated": (
        lambda folder: path_of(folder, 2).write_bytes(path_of(folder, 2).read_bytes()[:-9]),
        "shard-00002.parquet must have .* is truncated",
    ),
    "altered": (
        lambda folder: altered(folder, "shard-00001.parquet"),
        "shard-00001.parquet must be as the build wrote it, got another digest",
    ),
    "foreign": (foreign, "shard-00000.parquet must belong to this build, got a shard of another"),
    "unlisted": (
        lambda folder: path_of(folder, 3).write_bytes(b"mine"),
        "shard-00003.parquet must be listed in manifest.json",
    ),
}


@pytest.mark.parametrize("deep", [False, True], ids=["digests", "deep"])
def test_untouched_shards_are_intact(folder: Path, deep: bool) -> None:
    result = verify(folder, deep=deep)
    assert result.intact
    assert result.problems == ()
    assert result.manifest == read_manifest(folder)
    result.require()


@pytest.mark.parametrize("deep", [False, True], ids=["digests", "deep"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named(folder: Path, damage: str, deep: bool) -> None:
    harm, message = DAMAGE[damage]
    harm(folder)
    result = verify(folder, deep=deep)
    assert not result.intact
    assert len(result.problems) == 1
    with pytest.raises(HardnessError, match=message):
        result.require()


def test_the_only_shard_of_another_build_is_told_from_an_altered_one(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 1)):
        write_shards(tmp_path / name, ordered(), manifest(seed=seed, shard_rows=10))
    path_of(tmp_path / "a", 0).write_bytes(path_of(tmp_path / "b", 0).read_bytes())
    (problem,) = verify(tmp_path / "a").problems
    assert "got a shard of another build" in problem


def test_all_problems_are_told_at_once(folder: Path) -> None:
    foreign(folder)
    path_of(folder, 1).unlink()
    altered(folder, "shard-00002.parquet")
    path_of(folder, 7).write_bytes(b"mine")
    result = verify(folder)
    assert len(result.problems) == 4
    with pytest.raises(HardnessError) as error:
        result.require()
    first, *rest = str(error.value).splitlines()
    assert first.endswith("must be intact, got 4 problems:")
    assert [line.partition(" must")[0].rpartition("/")[2] for line in rest] == [
        f"shard-0000{index}.parquet" for index in (0, 1, 2, 7)
    ]


def rewrite(folder: Path, index: int, table: pa.Table) -> None:
    """Change a shard and have the manifest say that it is so."""
    path = path_of(folder, index)
    pq.write_table(table, path)
    found = read_manifest(folder)
    shards = list(found.shards)
    shards[index] = replace(shards[index], bytes=path.stat().st_size, xxh3_128=file_digest(path))
    write_manifest(folder, replace(found, shards=tuple(shards)))


def with_column(table: pa.Table, name: str, values: list[float]) -> pa.Table:
    index = table.schema.get_field_index(name)
    return table.set_column(index, name, pa.array(values, table.schema.field(name).type))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (
            "position",
            [4, 6, 5, 7],
            "positions from 4 to 7 in order, got 6 for 5 and 1 more; build",
        ),
        ("hardness", [0.5, 1.5, -1, 0], r"hardness in \[0, 1\], got 1.5 and 1 more; build"),
        ("row", [4, 5, 6, 6], r"records as often as manifest.json says, got records = 9 for 10"),
    ],
    ids=["position", "hardness", "row"],
)
def test_wrong_records_are_found_by_looking_at_them(
    folder: Path, column: str, values: list[float], message: str
) -> None:
    rewrite(folder, 1, with_column(pq.read_table(path_of(folder, 1)), column, values))
    assert verify(folder).intact
    with pytest.raises(HardnessError, match=message):
        verify(folder, deep=True).require()


def test_records_that_never_occur_are_counted(tmp_path: Path) -> None:
    lines = "".join(f'{{"text": "word {i % 3} {i % 5}"}}\n' for i in range(20))
    (tmp_path / "data.jsonl").write_text(lines + "broken\n")
    hardness.score(tmp_path / "data.jsonl", on_error="skip")
    shards = tmp_path / "shards"
    hardness.build(tmp_path / "data.hardness", select="easiest:0.5", output=shards)
    known = read_manifest(shards)
    assert (known.metric["records"], known.occurrences["never"]) == (20, 10)
    verify(shards, deep=True).require()
    write_manifest(shards, replace(known, occurrences={**known.occurrences, "never": 11}))
    with pytest.raises(HardnessError, match=r"got never = 10 for 11; build the shards again"):
        verify(shards, deep=True).require()
    write_manifest(shards, replace(known, metric={**known.metric, "records": 21}))
    assert not verify(shards).intact  # the shards themselves carry a digest of it


def test_shards_without_the_columns_of_shards_are_told(folder: Path) -> None:
    rewrite(folder, 0, pq.read_table(path_of(folder, 0)).drop_columns(["row", "position"]))
    (problem,) = verify(folder, deep=True).problems
    assert "must have the columns that shards add, got none called row, position" in problem


def test_an_unfinished_build_is_refused(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(HardnessError, match="the build did not finish"):
        verify(folder)


def test_manifest_of_another_seed_is_told(folder: Path) -> None:
    write_manifest(folder, replace(read_manifest(folder), seed=7))
    with pytest.raises(HardnessError, match=r"manifest\.json must be as the build wrote it, got"):
        verify(folder).require()


def test_shards_listed_in_another_order_are_told(folder: Path) -> None:
    known = read_manifest(folder)
    first, second, *others = known.shards
    write_manifest(folder, replace(known, shards=(second, first, *others)))
    with pytest.raises(HardnessError, match=r"shard 0: 'shard-00001\.parquet', not 'shard-00000"):
        verify(folder)
