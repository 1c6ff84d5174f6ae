"""Files wherever they are."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardness.errors import HardnessError
from hardness.io import storage
from hardness.io.atomic import atomic_path, read_json, write_json, write_parquet
from hardness.io.digest import file_digest
from hardness.io.frames import scan_parquet
from hardness.io.remote import RemotePath
from hardness.io.storage import Location, join, locate, relative
from tests.s3 import S3


@pytest.fixture(params=["local", "remote"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    if request.param == "local":
        return tmp_path / "folder"
    return locate(request.getfixturevalue("memory"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b", Path("a/b")),
        (Path("a/b"), Path("a/b")),
        ("file:///a/b", Path("/a/b")),
        ("s3://a/b/", RemotePath("s3://a/b")),
        (RemotePath("s3://a/b"), RemotePath("s3://a/b")),
    ],
    ids=["text", "path", "file", "url", "remote"],
)
def test_locations(path: storage.AnyPath, expected: Location) -> None:
    assert locate(path) == expected


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("/d/data.jsonl", "/d/data.hardness", "../data.jsonl"),
        ("s3://b/data.jsonl", "s3://b/data.hardness", "../data.jsonl"),
        ("s3://b/x/data.jsonl", "s3://b/y/t", "../../x/data.jsonl"),
        ("s3://other/data.jsonl", "s3://b/data.hardness", "s3://other/data.jsonl"),
        ("s3://b/data.jsonl", "/d/data.hardness", "s3://b/data.jsonl"),
        ("/d/data.jsonl", "s3://b/data.hardness", "/d/data.jsonl"),
    ],
    ids=["local", "remote", "across", "buckets", "from-local", "from-remote"],
)
def test_relative_paths_lead_back(path: str, folder: str, expected: str) -> None:
    assert relative(path, locate(folder)) == expected
    assert join(locate(folder), expected) == path


def test_files_are_written_read_and_listed_alike(folder: Location) -> None:
    write_json(folder / "a.json", {"b": 1})
    assert read_json(folder / "a.json") == {"b": 1}
    assert storage.sizes(folder) == {"a.json": len('{\n  "b": 1\n}\n')}
    assert storage.find_size(folder / "a.json") == 13
    assert storage.read_range(str(folder / "a.json"), 4, 7) == b'"b"'
    assert b"".join(map(bytes, storage.blocks(folder / "a.json", 5))) == b'{\n  "b": 1\n}\n'
    storage.remove(folder)
    assert storage.sizes(folder) == {}
    assert storage.find_size(folder / "a.json") is None
    with pytest.raises(HardnessError, match=r"a\.json must exist, got nothing"):
        read_json(folder / "a.json")


@pytest.mark.parametrize("read", [storage.signature, lambda path: storage.read_range(path, 0, 1)])
def test_missing_files_are_told(folder: Location, read: object) -> None:
    assert callable(read)
    with pytest.raises(HardnessError, match=r"data must .*, got '(no such object|No such file)"):
        read(str(folder / "a"))


def test_failed_write_leaves_what_was_there(folder: Location) -> None:
    write_json(folder / "a.json", 1)
    with pytest.raises(RuntimeError), atomic_path(folder / "a.json") as temporary:  # noqa: PT012
        temporary.write_text("2")
        raise RuntimeError
    assert read_json(folder / "a.json") == 1
    assert list(storage.sizes(folder)) == ["a.json"]


def test_parquet_is_the_same_everywhere(memory: str, tmp_path: Path) -> None:
    table = pa.table({"row": [1, 2, 3], "text": ["a", "b", None]})
    for folder in (tmp_path, locate(memory)):
        write_parquet(folder / "a.parquet", table)
    assert file_digest(f"{memory}/a.parquet") == file_digest(tmp_path / "a.parquet")
    assert storage.open_parquet(f"{memory}/a.parquet").read().equals(table)
    assert storage.read_metadata(f"{memory}/a.parquet").num_rows == 3


def test_only_the_wanted_columns_of_parquet_are_sent(s3: S3, bucket: str, tmp_path: Path) -> None:
    bulk = [os.urandom(1000).hex() for _ in range(2000)]
    table = pa.table({"row": range(2000), "bulk": bulk})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=500)
    url = s3.put(f"{bucket}/a.parquet", (tmp_path / "a.parquet").read_bytes())
    file = storage.open_parquet(url)
    assert file.read(columns=["row"]).equals(table.select(["row"]))
    small = s3.sent(url)
    assert small < 150_000  # the footer, which Arrow reads 64 KiB of, and the rows
    assert file.read_row_group(1)["bulk"].to_pylist() == bulk[500:1000]
    assert s3.sent(url) - small < 1.1 * (tmp_path / "a.parquet").stat().st_size / 4


def test_frames_are_lazy_everywhere(folder: Location) -> None:
    paths = [folder / f"part-{index}.parquet" for index in range(3)]
    for index, path in enumerate(paths):
        write_parquet(path, pa.table({"row": [2 * index, 2 * index + 1], "x": [0.5, None]}))
    frame = scan_parquet(paths)
    assert frame.collect_schema().names() == ["row", "x"]
    assert frame.select("row").collect()["row"].to_list() == [0, 1, 2, 3, 4, 5]
    assert frame.drop_nulls("x").collect()["row"].to_list() == [0, 2, 4]
    assert frame.head(3).collect()["row"].to_list() == [0, 1, 2]


def test_frame_of_a_missing_part_is_the_users_to_mend(s3: S3, bucket: str) -> None:
    paths = [locate(f"{bucket}/part-{index}.parquet") for index in range(2)]
    for path in paths:
        write_parquet(path, pa.table({"row": [1]}))
    frame = scan_parquet(paths)
    s3.fails = lambda method, key: "part-1" in key
    with pytest.raises(HardnessError, match=r"part-1\.parquet must be readable"):
        frame.collect()


def test_local_path_is_no_url() -> None:
    assert storage.local_path("work", "a/b") == Path("a/b")
    with pytest.raises(HardnessError, match="work must be a local path, got 's3://b/w'; choose"):
        storage.local_path("work", "s3://b/w")


def test_work_is_beside_local_results_and_in_the_cache_for_remote_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert storage.work_folder(Path("a"), "work") == Path("a/work")
    one, other = (storage.work_folder(RemotePath(f"s3://{b}/t"), "work") for b in "ab")
    assert one != other
    assert one == storage.work_folder(RemotePath("s3://a/t"), "work")
    assert one.parent == other.parent == tmp_path / "hardness"
