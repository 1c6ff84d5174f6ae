"""Everything on an object store gives the bytes that it gives on a disk, and fails without harm."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import hardness
from hardness.cli.app import main
from hardness.curriculum.folder import BuildFolder
from hardness.curriculum.manifest import read_manifest
from hardness.curriculum.shards import open_shards
from hardness.errors import HardnessError
from hardness.io.remote import RemotePath
from hardness.stages.lm import lm
from tests.paths import local
from tests.s3 import S3

ROWS = 400
SHARD_ROWS = 100
LINES = "".join(
    json.dumps({"id": n, "text": f"number {n % 7} of {n % 11} and {n}", "label": "ab"[n % 2]})
    + "\n"
    for n in range(ROWS)
).encode()
PARTITION_BYTES = len(LINES) // 6


@pytest.fixture
def data(s3: S3, bucket: str) -> str:
    return s3.put(f"{bucket}/data.jsonl", LINES)


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the same commands make on a disk, by path."""
    folder = tmp_path_factory.mktemp("disk")
    (folder / "data.jsonl").write_bytes(LINES)
    table = score(folder / "data.jsonl").table.path
    build(table)
    return comparable(
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
    )


def score(data: Any, **options: Any) -> Any:
    return hardness.score(data, partition_bytes=PARTITION_BYTES, **options)


def build(table: Any, **options: Any) -> Any:
    return hardness.build(table, order="ascending", shard_rows=SHARD_ROWS, **options)


def comparable(files: dict[str, bytes]) -> dict[str, Any]:
    """The files without the time they took and where the data lies."""
    found: dict[str, Any] = dict(files)
    for name in files:
        if name.endswith("metric.json"):
            found[name] = json.loads(files[name]) | {"seconds": 0}
        if name.endswith("dataset.json"):
            content = json.loads(files[name])
            assert content["files"][0].pop("absolute").endswith("/data.jsonl")
            found[name] = content
    return found


def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *command: str) -> str:
    """What a command that fails prints on stderr."""
    monkeypatch.setattr(sys, "argv", ["hardness", *command])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    return capsys.readouterr().err


def test_score_and_build_give_the_bytes_of_a_disk(
    s3: S3, bucket: str, data: str, tmp_path: Path, on_disk: dict[str, Any]
) -> None:
    result = score(data)
    assert str(result.table.path) == f"{bucket}/data.hardness"
    build(result.table.path)
    assert comparable(s3.objects(bucket)) == on_disk
    assert len([name for name in on_disk if "part-" in name]) == 6
    assert len([name for name in on_disk if "shard-" in name]) == 4
    assert list(tmp_path.glob("cache/hardness/*/*")) == []
    assert score(data).cached
    assert build(result.table.path).cached


def test_table_in_a_store_is_opened_and_shown(
    s3: S3, bucket: str, data: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    score(data)
    table = hardness.open_table(f"{bucket}/data.hardness")
    assert table.metrics == ["perplexity"]
    frame = table.frame().collect()
    assert frame.columns[:3] == ["row", "id", "perplexity"]
    assert frame["id"].to_list() == list(range(ROWS))
    monkeypatch.setattr(sys, "argv", ["hardness", "show", f"{bucket}/data.hardness"])
    main_exits(0)
    out = capsys.readouterr().out
    assert f"{bucket}/data.hardness: {ROWS} records" in out
    assert "hardest by perplexity" in out


def main_exits(code: int) -> None:
    try:
        main()
    except SystemExit as stop:
        assert (stop.code or 0) == code  # noqa: PT017


def test_globs_of_compressed_objects_and_a_local_table(s3: S3, bucket: str, tmp_path: Path) -> None:
    import gzip

    lines = LINES.splitlines(keepends=True)
    for index, half in enumerate((lines[:150], lines[150:])):
        s3.put(f"{bucket}/in/{index}.jsonl.gz", gzip.compress(b"".join(half)))
    result = hardness.score(f"{bucket}/in/*.jsonl.gz", output=tmp_path / "table")
    assert result.table.rows == ROWS
    shards = build(result.table.path, output=f"{bucket}/shards").path
    assert open_shards(shards).rows == ROWS


def test_workers_read_and_write_the_store(
    s3: S3, bucket: str, data: str, tmp_path: Path, on_disk: dict[str, Any]
) -> None:
    result = score(data, workers=2, work=tmp_path / "work")
    build(result.table.path, workers=1, work=tmp_path / "work")
    assert comparable(s3.objects(bucket)) == on_disk
    assert list((tmp_path / "work").glob("**/*.spill")) == []


@pytest.mark.parametrize(
    "name",
    ["data.hardness/dataset.json", "plan.json", "part-00002.parquet", "metric.json"],
    ids=["dataset", "plan", "part", "metric"],
)
def test_score_whose_upload_fails_is_completed_by_the_same_command(
    s3: S3,
    bucket: str,
    data: str,
    on_disk: dict[str, Any],
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s3.fails = lambda method, key: method == "PUT" and key.endswith(name)
    command = ("score", data, "--partition-bytes", str(PARTITION_BYTES), "--threads", "1")
    error = said(capsys, monkeypatch, *command)
    assert error.startswith(f"error: {bucket}/data.hardness/")
    assert f"{name} must be writable, got " in error
    assert error.count("\n") == 1
    there = s3.objects(bucket)
    assert [path for path in there if path.endswith(name)] == []
    assert not any(path.endswith("perplexity/metric.json") for path in there)
    s3.fails = lambda method, key: False
    s3.requests.clear()
    result = score(data)
    assert result.resumed is (name in ("part-00002.parquet", "metric.json"))
    written = {one.key.rsplit("/", 1)[1] for one in s3.requests if one.method == "PUT"}
    assert not written & {Path(path).name for path in there if "part-" in path}
    build(result.table.path)
    assert comparable(s3.objects(bucket)) == on_disk


@pytest.mark.parametrize(
    "name",
    ["/plan.json", "shard-00002.parquet", "shard-00001.parquet.json", "manifest.json"],
    ids=["plan", "shard", "marker", "manifest"],
)
def test_build_whose_upload_fails_is_completed_by_the_same_command(
    s3: S3,
    bucket: str,
    data: str,
    on_disk: dict[str, Any],
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = score(data).table.path
    s3.fails = lambda method, key: method == "PUT" and key.endswith(name)
    error = said(
        capsys, monkeypatch, "build", str(table), "--order", "ascending", "--shard-rows", "100"
    )
    assert f"{name} must be writable, got " in error
    assert error.count("\n") == 1
    there = s3.objects(bucket)
    assert [path for path in there if path.endswith(name)] == [
        path for path in there if path == f"data.hardness/perplexity{name}"
    ]
    assert not any(path.endswith("manifest.json") for path in there)
    with pytest.raises(HardnessError, match="shards must be a"):
        open_shards(f"{bucket}/data.perplexity-ascending.shards")
    s3.fails = lambda method, key: False
    build(table)
    assert comparable(s3.objects(bucket)) == on_disk


def test_model_is_estimated_of_a_store_into_a_local_file(data: str, tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_bytes(LINES)
    lm(data, output=tmp_path / "one.arpa", order=2)
    lm(tmp_path / "data.jsonl", output=tmp_path / "two.arpa", order=2)
    assert (tmp_path / "one.arpa").read_bytes() == (tmp_path / "two.arpa").read_bytes()
    with pytest.raises(HardnessError, match="output must be a local path, got 's3://bucket"):
        lm(data, output="s3://bucket/a.arpa")


def test_interrupted_score_keeps_its_work_in_the_cache(
    s3: S3, bucket: str, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hardness.stages.score.parse_memory", lambda _: 1000)
    s3.fails = lambda method, key: method == "PUT" and key.endswith("part-00003.parquet")
    with pytest.raises(HardnessError, match="must be writable"):
        score(data, threads=1)
    kept = list(tmp_path.glob("cache/hardness/perplexity-*/*/ids-0"))
    assert len(kept) == 1
    assert not any("work" in path for path in s3.objects(bucket))
    s3.fails = lambda method, key: False
    s3.requests.clear()
    score(data, threads=1)
    # The digest and the first records; the partitions are not read again.
    assert s3.sent(data) == 2 * len(LINES)
    assert not kept[0].exists()


def test_interrupted_build_goes_on_from_another_machine(
    s3: S3,
    bucket: str,
    data: str,
    tmp_path: Path,
    on_disk: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = score(data).table.path
    s3.fails = lambda method, key: method == "PUT" and key.endswith("shard-00003.parquet")
    with pytest.raises(HardnessError, match="must be writable"):
        build(table, threads=1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    s3.fails = lambda method, key: False
    s3.requests.clear()
    build(table)
    written = [one.key for one in s3.requests if one.method == "PUT" and "shard-" in one.key]
    assert [key.rsplit("/", 1)[1] for key in written] == [
        "shard-00003.parquet",
        "shard-00003.parquet.json",
    ]
    assert comparable(s3.objects(bucket)) == on_disk


def test_build_that_lost_its_claim_writes_no_manifest(memory: str, tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_bytes(LINES)
    table = score(tmp_path / "data.jsonl").table.path
    manifest = read_manifest(build(table).path)
    one, other = (BuildFolder(RemotePath.of(memory), work=tmp_path / name) for name in "ab")
    one.start(manifest)
    one.check_claim(manifest)
    other.start(read_manifest(build(table, seed=1, output=tmp_path / "other").path))
    with pytest.raises(HardnessError, match=r"output must be free, got .* in use by another build"):
        one.check_claim(manifest)


def test_builds_on_one_machine_do_not_write_one_remote_folder_at_once(
    memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fcntl")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with (
        BuildFolder(RemotePath.of(memory)).locked(),
        pytest.raises(HardnessError, match="in use by another build"),
        BuildFolder(RemotePath.of(memory)).locked(),
    ):
        pass


@pytest.fixture
def shards(s3: S3, bucket: str, tmp_path: Path) -> str:
    (tmp_path / "data.jsonl").write_bytes(LINES)
    s3.put_folder(build(score(tmp_path / "data.jsonl").table.path).path, f"{bucket}/shards")
    s3.requests.clear()
    return f"{bucket}/shards"


def test_remote_shard_is_fetched_once_and_then_column_by_column(
    s3: S3, bucket: str, tmp_path: Path
) -> None:
    records = [{"text": os.urandom(4000).hex(), "label": "ab"[n % 2]} for n in range(200)]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    made = hardness.build(hardness.score(tmp_path / "data.jsonl").table.path, order="random")
    s3.put_folder(local(made.path), f"{bucket}/shards")
    shards = open_shards(f"{bucket}/shards")
    url, size = f"{bucket}/shards/shard-00000.parquet", made.manifest.shards[0].bytes
    footer = s3.sent(url)
    assert footer <= 2**16  # what Arrow reads to find it
    assert shards.labels() == ["a", "b"]
    assert s3.sent(url) == footer + size
    assert shards.column("position").to_pylist() == list(range(200))
    assert s3.sent(url) < footer + size + size / 4
    assert shards.read(0, 200, ["text"]).num_rows == 200
    assert s3.sent(url) > footer + 1.9 * size


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-20], r"shard-00002\.parquet must have .*: the shard is truncated"),
        (lambda data: data[:500] + b"#" + data[501:], "got another digest: the shard was altered"),
        (None, "got a missing shard"),
    ],
    ids=["truncated", "altered", "missing"],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_remote_shard_that_is_not_what_was_built_is_noticed(
    s3: S3, shards: str, change: Any, message: str, when: str
) -> None:
    opened = open_shards(shards)
    if when == "after":
        opened.verify()
    path = f"{shards}/shard-00002.parquet"
    if change is None:
        RemotePath.of(path).unlink()
    else:
        s3.put(path, change(s3.objects(shards)["shard-00002.parquet"]))
    tables = opened.tables()
    with pytest.raises(HardnessError, match=message):
        list(tables)
    with pytest.raises(HardnessError, match=message):
        list(open_shards(shards).tables())


def test_training_on_a_store_is_training_on_a_disk(
    s3: S3, bucket: str, shards: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"epochs": 1, "max_length": 16, "device": "cpu"}
    evaluation = s3.put(f"{bucket}/eval.jsonl", LINES[: LINES.index(b"\n") * 20])
    (tmp_path / "eval.jsonl").write_bytes(LINES[: LINES.index(b"\n") * 20])
    evaluation = s3.put(f"{bucket}/eval.jsonl", LINES)
    (tmp_path / "eval.jsonl").write_bytes(LINES)
    local = tmp_path / "data.perplexity-ascending.shards"
    one = hardness.train(shards, tmp_path / "one", eval=evaluation, **options)
    two = hardness.train(local, tmp_path / "two", eval=str(tmp_path / "eval.jsonl"), **options)
    assert one.evaluation == two.evaluation


@pytest.mark.parametrize("workers", [None, 2])
def test_dynamics_in_a_store_give_the_map_of_a_disk(
    s3: S3, bucket: str, tmp_path: Path, workers: int | None
) -> None:
    (tmp_path / "data.jsonl").write_bytes(LINES)
    dynamics = tmp_path / "d" / "dynamics_epoch_0.jsonl"
    dynamics.parent.mkdir()
    dynamics.write_text(
        "".join(
            json.dumps({"guid": n, "logits_epoch_0": [n % 5, n % 3 + 0.5], "gold": n % 2}) + "\n"
            for n in range(ROWS)
        )
    )
    s3.put(f"{bucket}/d/{dynamics.name}", dynamics.read_bytes())
    found = [
        hardness.score(
            tmp_path / "data.jsonl",
            metric="cartography",
            dynamics=where,
            output=tmp_path / name,
            workers=workers,
        ).table.frame("cartography")
        for name, where in (("far", f"{bucket}/d"), ("near", str(dynamics.parent)))
    ]
    assert found[0].collect().equals(found[1].collect())


def test_run_folder_in_a_store_is_refused(shards: str) -> None:
    with pytest.raises(HardnessError, match="output must be a local folder, got 's3://bucket/run'"):
        hardness.train(shards, "s3://bucket/run")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("score", "s3://no-such-bucket/data.jsonl"), "data must be an existing object, got"),
        (("show", "s3://no-such-bucket/data.hardness"), "table must be a folder with dataset.json"),
        (("build", "s3://no-such-bucket/t"), "table must be a folder with dataset.json"),
        (
            ("score", "--metric", "aum", "--dynamics", "s3://none/d"),
            "dynamics must be a run",
        ),
        (("train", "s3://no-such-bucket/s", "-o", "run"), "shards must be a folder that"),
    ],
    ids=["score", "show", "build", "dynamics", "train"],
)
def test_what_is_not_there_is_told_in_one_line(
    s3: S3,
    command: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = said(capsys, monkeypatch, *command)
    assert message in error
    assert error.count("\n") == 1
