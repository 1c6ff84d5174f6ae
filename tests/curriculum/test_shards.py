"""Reading shards: what is returned, and how damage is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardness.curriculum.manifest import Manifest
from hardness.curriculum.shards import Shards, open_shards
from hardness.curriculum.write import write_shards
from hardness.errors import HardnessError
from hardness.io.records import Columns
from tests.curriculum.scored import records, score, write_jsonl

ROWS = 10


_DELTA = "DELTA_BINARY_PACKED"


def ordered(rows: int = ROWS) -> pa.Table:
    return pa.table(
        {
            "text": [f"text {row}" for row in range(rows)],
            "label": ["b", "a", None, "b", "c"] * (rows // 5),
            "row": pa.array(range(rows), pa.uint64()),
            "hardness": pa.array(np.linspace(0, 1, rows), pa.float32()),
            "position": pa.array(range(rows), pa.uint64()),
        }
    )


def manifest(**changes: Any) -> Manifest:
    settings: dict[str, Any] = {
        "dataset": {"digest": "0" * 32, "files": []},
        "columns": Columns(text=("text",), label="label", id=None, group=None),
        "metric": {"name": "m", "column": "m", "direction": "higher", "parameters": {}},
        "curriculum": {"order": "ascending", "normalize": "rank", "nulls": "error"},
        "hardness": {"min": 0.0, "mean": 0.5, "max": 1.0, "nulls": 0},
        "rows": ROWS,
        "shard_rows": 4,
    }
    return Manifest(**(settings | changes))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_shards(tmp_path / "shards", ordered(), manifest(), row_group_rows=3)
    return tmp_path / "shards"


def read_all(shards: Shards) -> pa.Table:
    return pa.concat_tables(shards.tables())


def test_records_come_back_in_order_a_row_group_at_a_time(folder: Path) -> None:
    shards = open_shards(folder)
    assert [table.num_rows for table in shards.tables()] == [3, 1, 3, 1, 2]
    assert read_all(shards).equals(ordered())
    assert (len(shards), shards.columns) == (ROWS, ordered().column_names)
    assert shards.schema == ordered().schema


def test_the_manifest_comes_back(folder: Path) -> None:
    found = open_shards(folder).manifest
    assert [(shard.name, shard.rows) for shard in found.shards] == [
        ("shard-00000.parquet", 4),
        ("shard-00001.parquet", 4),
        ("shard-00002.parquet", 2),
    ]
    assert found.columns == manifest().columns
    assert found.digest == open_shards(folder).manifest.digest


@pytest.mark.parametrize("start", range(ROWS + 1))
def test_reading_can_start_at_any_position(folder: Path, start: int) -> None:
    positions = [
        position
        for table in open_shards(folder).tables(["position"], start=start)
        for position in table.column(0).to_pylist()
    ]
    assert positions == list(range(start, ROWS))


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 10), (2, 3), (3, 9), (4, 4), (8, 99), (10, 12)], ids=str
)
def test_any_range_of_positions_can_be_read(folder: Path, start: int, stop: int) -> None:
    table = open_shards(folder).read(start, stop, ["position", "text"])
    assert table.equals(ordered().select(["position", "text"]).slice(start, max(stop - start, 0)))


def test_columns_and_labels(folder: Path) -> None:
    shards = open_shards(folder)
    assert shards.column("row").to_pylist() == list(range(ROWS))
    assert shards.labels() == ["a", "b", "c", None]
    with pytest.raises(HardnessError, match=r"columns must be among text, label.*got nope"):
        list(shards.tables(["nope"]))
    with pytest.raises(HardnessError, match="start must be between 0 and 10, got 11"):
        list(shards.tables(start=11))


def test_labels_need_a_label_column(tmp_path: Path) -> None:
    columns = Columns(text=("text",))
    write_shards(tmp_path, ordered(), manifest(columns=columns))
    with pytest.raises(HardnessError, match="label must be a column of the data, got none"):
        open_shards(tmp_path).labels()


def test_polars_and_pyarrow_read_the_shards_as_they_are(folder: Path) -> None:
    files = sorted(folder.glob("shard-*.parquet"))
    assert pl.read_parquet(files).equals(pl.DataFrame(ordered()))
    assert pa.concat_tables(pq.read_table(file) for file in files).equals(ordered())


def test_rows_and_positions_are_stored_as_differences(folder: Path) -> None:
    group = pq.ParquetFile(min(folder.glob("shard-*.parquet"))).metadata.row_group(0)
    columns = [group.column(index) for index in range(group.num_columns)]
    encoded = {column.path_in_schema for column in columns if _DELTA in column.encodings}
    assert encoded == {"row", "position"}


def test_datasets_reads_the_shards_as_they_are(folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(
        "parquet",
        data_files=[str(file) for file in sorted(folder.glob("shard-*.parquet"))],
        split="train",
        cache_dir=str(tmp_path / "cache"),
    )
    assert loaded["row"][:] == list(range(ROWS))


def test_a_missing_shard_is_named(folder: Path) -> None:
    (folder / "shard-00001.parquet").unlink()
    with pytest.raises(HardnessError, match=r"shard-00001.parquet must be there, got a missing"):
        open_shards(folder)


def test_a_truncated_shard_is_named(folder: Path) -> None:
    path = folder / "shard-00002.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(HardnessError, match=r"shard-00002.parquet must have \d+ .* is truncated"):
        open_shards(folder)


def altered(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[6] ^= 1
    (folder / name).write_bytes(bytes(data))


def test_an_altered_shard_is_named_before_its_first_row(folder: Path) -> None:
    altered(folder, "shard-00001.parquet")
    tables = open_shards(folder).tables(["position"])
    assert [next(tables).num_rows for _ in range(2)] == [3, 1]
    with pytest.raises(HardnessError, match=r"shard-00001.parquet must be as the build wrote it"):
        next(tables)
    with pytest.raises(HardnessError, match=r"shard-00001.parquet .*the shard was altered"):
        open_shards(folder).verify()


def test_a_longer_shard_is_altered(folder: Path) -> None:
    with (folder / "shard-00000.parquet").open("ab") as file:
        file.write(b"more")
    with pytest.raises(HardnessError, match=r"shard-00000.parquet .* bytes instead of .* altered"):
        open_shards(folder)


def test_a_shard_of_another_build_is_named(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_shards(other, ordered(), manifest(seed=1), row_group_rows=3)
    path = folder / "shard-00001.parquet"
    path.write_bytes((other / "shard-00001.parquet").read_bytes())
    with pytest.raises(HardnessError, match=r"shard-00001.parquet .* got a shard of another build"):
        open_shards(folder).verify()


def test_a_shard_that_the_manifest_does_not_list_is_named(folder: Path) -> None:
    (folder / "shard-00003.parquet").write_bytes((folder / "shard-00000.parquet").read_bytes())
    with pytest.raises(HardnessError, match=r"shard-00003.parquet must be listed in manifest.json"):
        open_shards(folder)


def test_without_verification_altered_bytes_are_used(folder: Path) -> None:
    path = folder / "shard-00000.parquet"
    table = pq.read_table(path).set_column(0, "text", pa.array(["mine"] * 4))
    pq.write_table(table, path)
    shards = open_shards(folder, verify=False)
    assert shards.read(0, 1, ["text"]).to_pylist() == [{"text": "mine"}]
    with pytest.raises(HardnessError, match="altered"):
        open_shards(folder)


def test_without_verification_the_number_of_rows_still_counts(folder: Path) -> None:
    path = folder / "shard-00001.parquet"
    pq.write_table(pq.read_table(path).slice(0, 3), path)
    with pytest.raises(HardnessError, match=r"shard-00001.parquet must have 4 rows, got 3"):
        read_all(open_shards(folder, verify=False))


def test_without_a_manifest_the_build_did_not_finish(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(HardnessError, match="the build did not finish; run the same"):
        open_shards(folder)


def test_a_path_that_is_not_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HardnessError, match=r"got .*, which is not there"):
        open_shards(tmp_path / "nowhere")
    with pytest.raises(HardnessError, match=r"got .*, which is a file"):
        open_shards(tmp_path / "file")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "hardness-table"}, "must be the manifest of a folder of shards .* kind 'hardnes"),
        ({"schema_version": 2}, "must have schema_version 1, got 2"),
        ({"rows": 11}, "rows = 11, but the shards sum to 10"),
        ({"rows": "many", "extra": 1}, "unknown key 'extra'"),
        ({"rows": -1, "seed": 1.5}, "seed = 1.5, not a whole number from 0; rows = -1"),
        (
            {"occurrences": 3, "epochs": "2"},
            "epochs = '2', not a whole .*; occurrences = 3, not an",
        ),
        ({"columns": ["text"]}, "columns = .*, not an object of text, label, id and group"),
        ({"shards": [{"name": "x"}]}, "shard 0: no 'bytes'"),
    ],
    ids=["kind", "version", "sum", "unknown-key", "numbers", "occurrences", "columns", "shard"],
)
def test_a_damaged_manifest_is_refused(folder: Path, changes: dict[str, Any], message: str) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(HardnessError, match=message):
        open_shards(folder)


def test_a_manifest_that_is_not_json_is_refused(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")
    with pytest.raises(HardnessError, match="must be a readable JSON file"):
        open_shards(folder)


def test_a_hardness_table_is_told_from_shards(tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", records(3))
    table = score(data, tmp_path / "my table", [1.0, 2.0, 3.0]).path
    with pytest.raises(HardnessError, match=r"which is a hardness table; build shards") as error:
        open_shards(table)
    assert f"hardness build '{table}'" in str(error.value)
