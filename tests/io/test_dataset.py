"""Opening datasets: several files, staging, changes, pickles, plans."""

from __future__ import annotations

import gzip
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from hardness.errors import HardnessError
from hardness.io.dataset import Dataset, open_dataset
from tests.io.helpers import read_all, records_of, texts_of, write

RECORDS = [{"text": f"text {i} é", "label": i % 3, "n": i} for i in range(50)]
JSONL = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS)


def test_rows_run_through_files_in_the_given_order(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, name, f'{{"text": "{name}"}}\n' * 3) for name in ("b.jsonl", "a.jsonl")
    ]
    with open_dataset(paths, partition_bytes=1) as dataset:
        texts, rows, _ = texts_of(dataset)
        assert [partition.index for partition in dataset.partitions] == list(range(6))
        assert [(file.path, file.rows) for file in dataset.files] == [(paths[0], 3), (paths[1], 3)]
    assert texts == ["b.jsonl"] * 3 + ["a.jsonl"] * 3
    assert rows == list(range(6))


def test_a_name_with_a_comma_is_one_column_where_there_is_such_a_one(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", '"the text, in full",n\na dog,1\n')
    with open_dataset(path, text="the text, in full") as dataset:
        assert dataset.columns.text == ("the text, in full",)
        assert texts_of(dataset)[0] == ["a dog"]


def test_an_empty_file_among_others_adds_nothing(tmp_path: Path) -> None:
    paths = [write(tmp_path, "a.jsonl", "\n"), write(tmp_path, "b.jsonl", JSONL)]
    assert read_all(paths) == RECORDS


def test_formats_mix_where_columns_agree(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(RECORDS), tmp_path / "b.parquet")
    paths = [write(tmp_path, "a.jsonl.gz", gzip.compress(JSONL.encode())), f"{tmp_path}/b.parquet"]
    csv = "text,label\n" + "".join(f"{r['text']},{r['label']}\n" for r in RECORDS)
    paths.append(write(tmp_path, "c.csv", csv))
    with open_dataset(paths) as dataset:
        assert texts_of(dataset)[0] == [record["text"] for record in RECORDS] * 3
        assert records_of(dataset, ["label"]) == [{"label": r["label"]} for r in RECORDS] * 3
        assert dataset.column_names == ("text", "label", "n")


def test_formats_whose_columns_differ_are_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path, "a.jsonl", JSONL), write(tmp_path, "b.csv", "text,label\na,yes\n")]
    with pytest.raises(
        HardnessError,
        match=r"column 'label' must be of one kind in all files, got integer and, in .*b\.csv, str",
    ):
        open_dataset(paths)
    paths[1] = write(tmp_path, "c.csv", "body,label\na,1\n")
    with pytest.raises(HardnessError, match=r"text must be a column of .*c\.csv, got 'text'"):
        open_dataset(paths)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl.gz", gzip.compress(JSONL.encode())),
        ("a.jsonl.zst", zstandard.compress(JSONL.encode())),
        ("a.csv", b"text\na\n"),
    ],
    ids=["gz", "zst", "csv"],
)
def test_staging_folder_is_there_only_while_open(tmp_path: Path, name: str, data: bytes) -> None:
    path = write(tmp_path, name, data)
    work = tmp_path / "work"
    with open_dataset(path, work=work) as dataset:
        assert len(os.listdir(work)) == 1
        copy = pickle.loads(pickle.dumps(dataset))
        copy.close()  # a worker's copy must not take the folder away
        assert texts_of(copy) == texts_of(dataset)
    assert os.listdir(work) == []


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl.gz"])
def test_staging_folder_is_removed_when_opening_fails(tmp_path: Path, name: str) -> None:
    data = b"body\na\n" if name == "a.csv" else gzip.compress(b'{"body": 1}\n')
    path = write(tmp_path, name, data)
    with pytest.raises(HardnessError, match="text must be among"):
        open_dataset(path, work=tmp_path / "work")
    assert os.listdir(tmp_path / "work") == []


def test_messages_name_the_compressed_file_and_its_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl.gz", gzip.compress(JSONL.encode() + b"\n\nbad\n"))
    with (
        open_dataset(path, partition_bytes=100) as dataset,
        pytest.raises(HardnessError, match=r"/a\.jsonl\.gz line 53 must be a good record"),
    ):
        texts_of(dataset)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.txt", "a.csv", "a.parquet"])
def test_a_file_that_changes_is_noticed(tmp_path: Path, name: str) -> None:
    data = JSONL.encode()
    if name.endswith("gz"):
        data = gzip.compress(data)
    if name == "a.csv":
        data = b"text\na\n"
    path = write(tmp_path, name, data)
    if name == "a.parquet":
        pq.write_table(pa.table({"text": ["a"]}), path)
    dataset = open_dataset(path, work=tmp_path / "work")
    dataset.read_text(dataset.partitions[0])
    os.utime(path, ns=(1, 1))
    for use in (lambda: dataset.read_text(dataset.partitions[0]), lambda: leave(dataset)):
        with pytest.raises(HardnessError, match=rf"{name} must not change during a run, got "):
            use()
    Path(path).unlink()
    with pytest.raises(HardnessError, match="data must stay readable, got 'No such file"):
        dataset.read_text(dataset.partitions[0])


def leave(dataset: Dataset) -> None:
    """Enter and leave the context."""
    with dataset:
        pass


def test_an_error_inside_is_not_hidden_by_a_change(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", JSONL)

    def fail() -> None:
        with open_dataset(path):
            Path(path).unlink()
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail()


def test_dataset_is_pickled_with_all_it_needs(tmp_path: Path) -> None:
    with open_dataset(write(tmp_path, "a.jsonl", JSONL), partition_bytes=99) as dataset:
        copy = pickle.loads(pickle.dumps(dataset))
        assert copy == dataset
        assert records_of(copy) == RECORDS


def test_plan_depends_on_the_data_and_the_target_only(tmp_path: Path) -> None:
    one = write(tmp_path, "a.jsonl", JSONL)
    two = write(tmp_path, "b.jsonl", JSONL)
    for size in (1, 100, None):
        plans = [open_dataset(path, partition_bytes=size).partitions for path in (one, two)]
        assert plans[0] == plans[1]
    assert len(open_dataset(one).partitions) == 1


def test_large_data_is_cut_into_sixteen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardness.io.plan._MIN_PARTITION_BYTES", 1)
    path = write(tmp_path, "a.jsonl", JSONL * 40)
    assert len(open_dataset(path).partitions) == 16


def test_digest_knows_contents_order_and_format_but_not_names(tmp_path: Path) -> None:
    a = write(tmp_path, "a.jsonl", '{"text": "a"}\n')
    b = write(tmp_path, "b.jsonl", '{"text": "b"}\n')
    copy = write(tmp_path, "copy.jsonl", '{"text": "a"}\n')
    txt = write(tmp_path, "a.txt", '{"text": "a"}\n')
    digests = [open_dataset(paths).digest for paths in ([a, b], [b, a], [a], [txt])]
    assert len(set(digests)) == 4
    assert open_dataset([copy, b]).digest == digests[0]


def test_read_returns_the_columns_that_are_asked_for(tmp_path: Path) -> None:
    with open_dataset(write(tmp_path, "a.jsonl", JSONL)) as dataset:
        (partition,) = dataset.partitions
        records = dataset.read(partition, ["n", "label"], texts=True)
        assert records.table.column_names == ["n", "label", "text"]
        assert records.table.to_pylist()[7] == {"n": 7, "label": 1, "text": "text 7 é"}
        assert records.rows.dtype == np.uint64
        assert dataset.read(partition, []).table.num_columns == 0
        assert dataset.read(partition, ["none"]).table.column("none").null_count == 50
        assert dataset.kind_of("n") == "integer"
        with pytest.raises(
            HardnessError, match="column must be one of text, label, n, got 'none'; check the name"
        ):
            dataset.kind_of("none")


def test_text_has_no_offset_and_joins_columns(tmp_path: Path) -> None:
    lines = '{"premise": "a", "hypothesis": null}\n{"premise": null}\n{"hypothesis": "b"}\n' * 2
    with open_dataset(write(tmp_path, "a.jsonl", lines), partition_bytes=1) as dataset:
        assert dataset.columns.text == ("premise", "hypothesis")
        assert texts_of(dataset)[0] == ["a", None, "b"] * 2


def test_describe_tells_what_was_detected(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", JSONL)
    with open_dataset(path, label="n", group="label") as dataset:
        assert dataset.describe() == [
            f"{path}: 50 records, {len(JSONL.encode()) / 1000:.3g} kB, jsonl",
            "text: text (detected)",
            "label: n",
            "group: label",
        ]
    with open_dataset([path, path], text="text") as dataset:
        assert dataset.describe()[0].startswith("2 files: 100 records")
        assert "text: text" in dataset.describe()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_error": "ignore"}, "on_error must be raise or skip, got 'ignore'; choose one"),
        ({"partition_bytes": 0}, "partition_bytes must be at least 1, got 0"),
        ({"text": "a,a"}, "text must be different column names"),
        ({"label": "none"}, r"label must be a column of .*a\.jsonl, got 'none', which no record"),
    ],
    ids=["on_error", "partition_bytes", "text", "label"],
)
def test_options_are_checked(tmp_path: Path, options: dict, message: str) -> None:
    path = write(tmp_path, "a.jsonl", JSONL)
    with pytest.raises(HardnessError, match=message):
        open_dataset(path, **options)
