"""Datasets and tables whose files are in a store."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from hardness.io.files import default_folder, expand
from hardness.io.opening import Opening
from hardness.io.remote import RemotePath
from hardness.io.table import create_table, open_table
from tests.io.helpers import records_of, texts_of
from tests.s3 import S3

LINES = b"".join(b'{"text": "record %d", "label": %d}\n' % (n, n % 3) for n in range(5000))
TABLE = pa.table({"text": [f"record {n}" for n in range(5000)], "label": [0, 1] * 2500})


def _write_files(folder: Path) -> list[str]:
    (folder / "a.jsonl").write_bytes(LINES)
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(LINES))
    (folder / "a.txt").write_bytes(b"one\ntwo\n")
    (folder / "a.csv").write_bytes(b"text,label\nred,1\n,2\n")
    (folder / "a.tsv.gz").write_bytes(gzip.compress(b"text\tlabel\nred\t1\n"))
    pq.write_table(TABLE, folder / "a.parquet", row_group_size=500)
    pyarrow.feather.write_feather(TABLE, folder / "a.feather", compression="uncompressed")
    return sorted(path.name for path in folder.iterdir())


def _upload(folder: Path, url: str) -> None:
    for path in folder.iterdir():
        RemotePath.of(f"{url}/{path.name}").upload(path)


def test_every_format_is_read_as_from_a_disk(memory: str, tmp_path: Path) -> None:
    names = _write_files(tmp_path)
    _upload(tmp_path, memory)
    for name in names:
        with (
            open_dataset(tmp_path / name, partition_bytes=20_000) as local,
            open_dataset(f"{memory}/{name}", partition_bytes=20_000) as remote,
        ):
            assert remote.digest == local.digest, name
            assert remote.partitions == local.partitions, name
            assert texts_of(remote) == texts_of(local), name
            assert records_of(remote) == records_of(local), name


def test_globs_and_lists_of_urls_keep_their_order(memory: str, tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.jsonl", "sub/d.jsonl"):
        (tmp_path / "source").write_bytes(b"{}")
        (RemotePath.of(memory) / name).upload(tmp_path / "source")
    assert expand([f"{memory}/c.jsonl", f"{memory}/[ab].jsonl"]) == [
        f"{memory}/{name}.jsonl" for name in "cab"
    ]
    assert expand(f"{memory}/**/*.jsonl")[-1] == f"{memory}/sub/d.jsonl"
    assert str(default_folder(f"{memory}/a.jsonl")) == f"{memory}/a.hardness"
    assert str(default_folder(f"{memory}/*.jsonl")) == f"{memory}/a-and-2-more.hardness"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.jsonl", r"data must be an existing object, got '.*none\.jsonl'; check the path"),
        ("*.jsonl", r"data must match at least one file, got '.*\*\.jsonl'; check the glob"),
    ],
    ids=["url", "glob"],
)
def test_urls_that_lead_nowhere_say_so(bucket: str, name: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        expand(f"{bucket}/{name}")
    with pytest.raises(HardnessError, match=message):
        expand(f"s3://there-is-no-such-bucket/{name}")


def test_partition_of_lines_is_one_ranged_read(s3: S3, bucket: str) -> None:
    url = s3.put(f"{bucket}/a.jsonl", LINES)
    with open_dataset(url, partition_bytes=10_000) as dataset:
        # Once for the digest and the records, and the first records for their columns.
        assert s3.sent(url) <= 2 * len(LINES)
        s3.requests.clear()
        part = dataset.partitions[3]
        dataset.read_text(part)
        assert s3.sent(url) == part.stop - part.start
        assert [one.range for one in s3.requests if one.method == "GET"] == [
            f"bytes={part.start}-{part.stop - 1}"
        ]


def test_partition_of_parquet_is_a_few_ranged_reads(s3: S3, bucket: str, tmp_path: Path) -> None:
    bulk = pa.array([f"{n:0400x}" for n in range(5000)])
    pq.write_table(
        TABLE.append_column("bulk", bulk),
        tmp_path / "a.parquet",
        row_group_size=500,
        compression="none",
        use_dictionary=False,
    )
    url = s3.put(f"{bucket}/a.parquet", (tmp_path / "a.parquet").read_bytes())
    with open_dataset(url, partition_bytes=100_000) as dataset:
        assert len(dataset.partitions) == 10
        s3.requests.clear()
        texts, _, _ = dataset.read_text(dataset.partitions[3])
        assert texts[0].as_py() == "record 1500"
        assert s3.sent(url) < 100_000  # the footer, and 500 texts
        assert s3.sent(url) < (tmp_path / "a.parquet").stat().st_size / 20


def test_compressed_object_is_fetched_once(s3: S3, bucket: str) -> None:
    data = gzip.compress(LINES)
    url = s3.put(f"{bucket}/a.jsonl.gz", data)
    with open_dataset(url, partition_bytes=10_000) as dataset:
        texts_of(dataset)
        assert s3.sent(url) == len(data)


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_object_that_changes_under_the_run_is_noticed(
    s3: S3, bucket: str, tmp_path: Path, name: str
) -> None:
    _write_files(tmp_path)
    data = (tmp_path / name).read_bytes()
    url = s3.put(f"{bucket}/{name}", data)
    dataset = open_dataset(url)
    s3.put(url, data.replace(b"record 1", b"RECORD 1"))  # of the same size
    with pytest.raises(HardnessError, match=rf"{name} must not change during a run"):
        dataset.read_text(dataset.partitions[0])
    s3.client.delete_object(Bucket=bucket.removeprefix("s3://"), Key=name)
    with pytest.raises(HardnessError, match=r"data must stay readable, got 'no such object'"):
        dataset.check_unchanged()


def test_dataset_can_be_sent_to_other_processes(memory: str, tmp_path: Path) -> None:
    _write_files(tmp_path)
    _upload(tmp_path, memory)
    with open_dataset(f"{memory}/a.jsonl") as dataset:
        copy = pickle.loads(pickle.dumps(dataset))
        assert texts_of(copy) == texts_of(dataset)


def test_table_finds_its_data_wherever_both_are(memory: str, tmp_path: Path) -> None:
    _write_files(tmp_path)
    _upload(tmp_path, memory)
    places = {
        f"{memory}/a.hardness": f"{memory}/a.jsonl",
        f"{memory}/other.hardness": str(tmp_path / "a.jsonl"),
        str(tmp_path / "a.hardness"): f"{memory}/a.jsonl",
    }
    for table, data in places.items():
        with open_dataset(data) as dataset:
            made = create_table(table, dataset)
            Opening(path=made.path, content=made.content, stale=False).write()
        with open_table(table).dataset() as found:
            assert found.files[0].path == data


def test_folder_that_is_no_table_is_refused(memory: str, tmp_path: Path) -> None:
    _write_files(tmp_path)
    _upload(tmp_path, memory)
    with pytest.raises(HardnessError, match=r"table must be a folder with dataset\.json"):
        open_table(memory)
    with (
        open_dataset(f"{memory}/a.jsonl") as dataset,
        pytest.raises(HardnessError, match="output must be a hardness table or a new folder"),
    ):
        create_table(memory, dataset)
