"""Objects under paths like those of pathlib."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from s3fs import core

from hardness.errors import HardnessError
from hardness.io import remote
from hardness.io.remote import RangedFile, RemotePath
from tests.s3 import S3


def _put(path: RemotePath, data: bytes, tmp_path: Path) -> RemotePath:
    (tmp_path / "source").write_bytes(data)
    path.upload(tmp_path / "source")
    return path


def test_path_has_the_parts_of_a_path() -> None:
    path = RemotePath.of("S3://bucket/folder/a.jsonl/")
    assert str(path) == "s3://bucket/folder/a.jsonl"
    assert (path.name, str(path.parent)) == ("a.jsonl", "s3://bucket/folder")
    assert str(path.with_name("b") / "c") == "s3://bucket/folder/b/c"


def test_objects_and_folders_are_told_apart(memory: str, tmp_path: Path) -> None:
    folder = RemotePath.of(memory)
    assert not folder.exists()
    path = _put(folder / "sub" / "a", b"text", tmp_path)
    assert [path.is_file(), path.is_dir(), path.exists()] == [True, False, True]
    assert [folder.is_file(), folder.is_dir(), folder.exists()] == [False, True, True]
    assert path.read_text() == "text"
    path.unlink()
    assert not path.exists()


def test_removing_what_is_not_there(memory: str) -> None:
    path = RemotePath.of(memory) / "a"
    path.unlink(missing_ok=True)
    path.remove_folder()
    with pytest.raises(FileNotFoundError):
        path.unlink()


def test_folder_is_listed_and_searched(memory: str, tmp_path: Path) -> None:
    folder = RemotePath.of(memory)
    for name in ("b/metric.json", "a/metric.json", "a/part-1", "c/other", "part-0"):
        _put(folder / name, b"", tmp_path)
    assert [path.name for path in folder.iterdir()] == ["a", "b", "c", "part-0"]
    assert list(folder.glob("part-*")) == [folder / "part-0"]
    assert list(folder.glob("*/metric.json")) == [
        folder / "a/metric.json",
        folder / "b/metric.json",
    ]
    assert list(folder.glob("*/part-*")) == [folder / "a/part-1"]
    assert (folder / "*" / "metric.json").matches() == [
        f"{memory}/a/metric.json",
        f"{memory}/b/metric.json",
    ]
    folder.remove_folder()
    assert not folder.exists()


def test_version_changes_with_the_contents(s3: S3, bucket: str) -> None:
    path = RemotePath.of(s3.put(f"{bucket}/a", b"one"))
    before = path.version()
    assert before == path.version()
    assert before is not None
    assert before[0] == 3
    s3.put(f"{bucket}/a", b"two")
    assert path.version() != before
    s3.client.delete_object(Bucket=bucket.removeprefix("s3://"), Key="a")
    assert path.version() is None


def test_range_is_all_that_is_sent(s3: S3, bucket: str) -> None:
    url = s3.put(f"{bucket}/a", bytes(range(100)))
    assert RemotePath.of(url).read_range(10, 13) == bytes([10, 11, 12])
    assert RemotePath.of(url).read_range(10, 10) == b""
    assert s3.sent(url) == 3


def test_store_that_sends_more_than_it_is_asked_for_is_refused(
    memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _put(RemotePath.of(memory) / "a", b"whole", tmp_path)
    kind = type(remote.file_system(str(path)))
    monkeypatch.setattr(kind, "cat_file", lambda self, path, start, end: b"whole")
    with pytest.raises(HardnessError, match="sends a part of an object, got all of it"):
        path.read_range(1, 2)


@pytest.mark.parametrize("size", [0, 1, 8, 9, 100])
def test_stream_is_the_whole_object(
    memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(remote, "_STREAM_BYTES", 8)
    data = bytes(range(size))
    path = _put(RemotePath.of(memory) / "a", data, tmp_path)
    assert b"".join(path.stream()) == data


def test_ranged_file_seeks_and_reads(memory: str, tmp_path: Path) -> None:
    path = _put(RemotePath.of(memory) / "a", b"0123456789", tmp_path)
    file = RangedFile(path)
    assert file.read(2) == b"01"
    assert file.seek(-3, 2) == 7
    assert file.read(100) == b"789"
    assert file.read() == b""
    assert file.tell() == 10


def test_path_can_be_sent_to_other_processes(memory: str) -> None:
    path = RemotePath.of(memory) / "a"
    path.exists()
    assert pickle.loads(pickle.dumps(path)) == path


def test_upload_into_a_missing_bucket_is_told(s3: S3, tmp_path: Path) -> None:
    with pytest.raises(HardnessError, match=r"must be writable, got .*; check the bucket's name"):
        _put(RemotePath.of("s3://nowhere-at-all/a"), b"", tmp_path)


def test_upload_in_parts_that_fails_leaves_nothing(
    s3: S3, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_SINGLE_REQUEST_BYTES", 1 << 20)
    monkeypatch.setattr(core, "calculate_chunksize", lambda *args, **options: 5 << 20)
    data = bytes(12 << 20)
    s3.fails = lambda method, key: "partNumber=2" in key
    with pytest.raises(HardnessError, match="must be writable"):
        _put(RemotePath.of(bucket) / "a", data, tmp_path)
    assert s3.objects(bucket) == {}
    name = bucket.removeprefix("s3://")
    assert "Uploads" not in s3.client.list_multipart_uploads(Bucket=name)
    s3.fails = lambda method, key: False
    _put(RemotePath.of(bucket) / "a", data, tmp_path)
    assert s3.objects(bucket) == {"a": data}


def test_results_come_in_order_and_an_error_ends_them() -> None:
    def work(number: int) -> int:
        if number == 6:
            raise HardnessError("six")
        return number * number

    found = remote.ahead(work, range(100))
    assert [next(found) for _ in range(6)] == [0, 1, 4, 9, 16, 25]
    with pytest.raises(HardnessError, match="six"):
        next(found)
    assert list(remote.ahead(work, [])) == []
