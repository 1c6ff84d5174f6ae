"""Reading Parquet and Arrow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from tests.io.helpers import read_all, records_of, texts_of, write

TABLE = pa.table(
    {
        "premise": ["a", None, "c", None, "é"],
        "hypothesis": pa.array(["v", "w", None, None, "z"], pa.large_string()),
        "label": pa.array([0, 1, None, 2, 1], pa.int8()),
        "id": pa.array(["i", "j", "i", "j", "k"]).dictionary_encode(),
        "extra": [[{"k": 1}], [], None, [{"k": None}], [{"k": 2}]],
    }
)
TEXTS = ["a v", "w", "c", None, "é z"]


def save(folder: Path, name: str, table: pa.Table = TABLE) -> str:
    """Write `table` in small pieces, in the format that the name says."""
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(table, path, row_group_size=2)
    elif name.endswith(".feather"):
        feather.write_feather(table, path, chunksize=2)
    else:
        new = pa.ipc.new_stream if name.startswith("stream") else pa.ipc.new_file
        with new(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
    return str(path)


@pytest.mark.parametrize("name", ["a.parquet", "a.feather", "a.arrow", "stream.arrow"])
@pytest.mark.parametrize("partition_bytes", [1, 300, None])
def test_every_format_and_partition_reads_the_same(
    tmp_path: Path, name: str, partition_bytes: int | None
) -> None:
    path = save(tmp_path, name)
    with open_dataset(path, partition_bytes=partition_bytes) as dataset:
        texts, rows, rejects = texts_of(dataset)
        assert (texts, rows, rejects) == (TEXTS, [0, 1, 2, 3, 4], [])
        assert records_of(dataset) == TABLE.to_pylist()
        assert len(dataset.partitions) == (5 if partition_bytes == 1 else len(dataset.partitions))
        key = dataset.read(dataset.partitions[0], ["label", "id"]).table.schema
        assert key.types == [pa.int64(), pa.string()]


def test_saved_dataset_folder_is_read(tmp_path: Path) -> None:
    names = ["stream-0.arrow", "stream-1.arrow"]
    save(tmp_path, names[0], TABLE[:2])
    save(tmp_path, names[1], TABLE[2:])
    state = {"_data_files": [{"filename": name} for name in names], "_indices_files": None}
    write(tmp_path, "state.json", json.dumps(state))
    assert read_all(str(tmp_path)) == TABLE.to_pylist()


def test_chats_are_read(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "a"}, {"role": "bot", "content": "b"}]
    path = save(tmp_path, "a.parquet", pa.table({"messages": [chat, None]}))
    with open_dataset(path) as dataset:
        assert texts_of(dataset)[0] == ["a b", None]
        assert records_of(dataset) == [{"messages": chat}, {"messages": None}]


def test_a_column_that_one_file_lacks_is_null(tmp_path: Path) -> None:
    paths = [save(tmp_path, "a.parquet"), save(tmp_path, "b.parquet", TABLE.drop(["id"]))]
    with open_dataset(paths) as dataset:
        found = [record["id"] for record in records_of(dataset, ["id"])]
    assert found == ["i", "j", "i", "j", "k"] + [None] * 5


def test_text_that_is_not_utf8_is_rejected(tmp_path: Path) -> None:
    broken = pa.array([b"a", b"b\xff", b"c"]).view(pa.string())
    path = save(tmp_path, "a.parquet", pa.table({"text": broken}))
    with (
        open_dataset(path) as dataset,
        pytest.raises(HardnessError, match=r"line 2 must .*, got invalid UTF-8 in column 'text'"),
    ):
        texts_of(dataset)
    with open_dataset(path, on_error="skip", partition_bytes=1) as dataset:
        texts, rows, (reject,) = texts_of(dataset)
    assert (texts, rows) == (["a", "c"], [0, 2])
    assert (reject.line, reject.row, reject.record) == (2, 1, "b\\xff")


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "stream.arrow"])
@pytest.mark.parametrize("keep", [0, 0.5, 0.9])
def test_cut_files_are_named(tmp_path: Path, name: str, keep: float) -> None:
    path = save(tmp_path, name, pa.table({"text": ["some text"] * 5000}))
    data = Path(path).read_bytes()
    Path(path).write_bytes(data[: int(len(data) * keep)])

    def read() -> Any:
        with open_dataset(path) as dataset:
            return texts_of(dataset)

    with pytest.raises(HardnessError, match=rf"{name} must be a complete (parquet|arrow) file, "):
        read()


def test_a_label_beyond_64_bits_with_a_sign_is_named(tmp_path: Path) -> None:
    table = pa.table({"text": ["a"], "label": pa.array([2**63], pa.uint64())})
    path = save(tmp_path, "a.parquet", table)
    with open_dataset(path) as dataset, pytest.raises(HardnessError, match="write them as strings"):
        dataset.read(dataset.partitions[0], ["label"])
