"""Building shards: what is in them, that nothing else decides their bytes, and what is refused."""

from __future__ import annotations

import gzip
import json
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardness.curriculum import build as build_module
from hardness.curriculum.build import build
from hardness.curriculum.manifest import ShardEntry
from hardness.curriculum.orders import orders
from hardness.curriculum.shards import open_shards
from hardness.errors import HardnessError
from hardness.io import plan
from hardness.io.storage import AnyPath
from hardness.stages.cluster import Cluster, Executor, Threads
from tests.curriculum.scored import digests, records, score, write_jsonl
from tests.paths import local

N = 300


class Pickling:
    """An executor whose workers share no memory: all that passes goes through pickle."""

    in_process = False
    tasks_at_a_time = 3

    def run(
        self, stage: str, function: Any, items: dict[int, Any], finished: Any, marks: Any
    ) -> None:
        function = pickle.loads(pickle.dumps(function))
        for index in reversed(items):
            finished(index, pickle.loads(pickle.dumps(function(items[index]))))


def use_executor(monkeypatch: pytest.MonkeyPatch, executor: Executor) -> None:
    def open_cluster(**_: Any) -> Any:
        return nullcontext(Cluster(executor))

    monkeypatch.setattr(build_module, "open_cluster", open_cluster)


def scores(n: int = N, *, seed: int = 0) -> list[float | None]:
    """Scores with many ties."""
    return np.random.default_rng(seed).integers(0, n // 3, n).astype(float).tolist()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    data = write_jsonl(tmp_path / "data.jsonl", records(N))
    return local(score(data, tmp_path / "data.hardness", scores()).path)


def expected_rows(values: Sequence[float | None], *, descending: bool = False) -> list[int]:
    known = [row for row, value in enumerate(values) if value is not None]
    sign = -1 if descending else 1
    return sorted(known, key=lambda row: sign * (values[row] or 0))


def read(path: AnyPath) -> pa.Table:
    return pa.concat_tables(open_shards(path).tables())


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_records_are_in_order_with_their_columns(table: Path, tmp_path: Path, order: str) -> None:
    result = build(table, order=order, output=tmp_path / "s", shard_rows=70)
    found = read(result.path)
    rows = expected_rows(scores(), descending=order == "descending")
    assert found.column("row").to_pylist() == rows
    assert found.column("position").to_pylist() == list(range(N))
    assert found.select(["id", "text", "label", "extra"]).to_pylist() == [
        records(N)[row] for row in rows
    ]
    hardness = found.column("hardness").to_numpy()
    assert np.all(np.diff(hardness) >= 0 if order == "ascending" else np.diff(hardness) <= 0)
    assert [shard.rows for shard in result.manifest.shards] == [70, 70, 70, 70, 20]
    assert (result.rows, result.cached) == (N, False)
    types = {field.name: field.type for field in found.schema}
    assert (types["row"], types["hardness"], types["position"]) == (
        pa.uint64(),
        pa.float32(),
        pa.uint64(),
    )
    assert "weight" not in types


def test_hardness_is_the_average_rank(table: Path, tmp_path: Path) -> None:
    found = read(build(table, order="ascending", output=tmp_path / "s").path)
    ranks = pl.Series(scores()).rank("average").to_numpy() - 1
    by_row = ranks[found.column("row").to_numpy()] / (N - 1)
    np.testing.assert_allclose(found.column("hardness").to_numpy(), by_row, rtol=1e-6)


def test_lower_is_harder_turns_the_order_round(tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", records(N))
    path = score(data, tmp_path / "t", scores(), direction="lower").path
    found = read(build(path, order="ascending", output=tmp_path / "s").path)
    assert found.column("row").to_pylist() == expected_rows(scores(), descending=True)
    assert found.column("hardness")[0].as_py() < found.column("hardness")[-1].as_py()


def test_random_holds_every_record_once_and_follows_the_seed(table: Path, tmp_path: Path) -> None:
    def rows(seed: int, name: str) -> list[int]:
        result = build(table, order="random", seed=seed, output=tmp_path / name)
        return read(result.path).column("row").to_pylist()

    assert sorted(rows(1, "a")) == list(range(N))
    assert rows(1, "b") == rows(1, "a")
    assert rows(2, "c") != rows(1, "a")


def test_the_weight_is_the_s_loss_at_each_position(table: Path, tmp_path: Path) -> None:
    result = build(table, order="random", weighting="s-loss", output=tmp_path / "s")
    found = read(result.path)
    h = found.column("hardness").to_numpy().astype(float)
    s = np.arange(N) / N
    np.testing.assert_allclose(
        found.column("weight").to_numpy(), (2 * h - 1) * (s - 1) + 1, rtol=1e-6
    )
    assert found.schema.field("weight").type == pa.float32()
    assert result.manifest.weighting == {"name": "s-loss"}


@pytest.mark.parametrize("nulls", ["drop", "first", "last"])
def test_nulls_go_where_they_are_told(tmp_path: Path, nulls: str) -> None:
    values: list[float | None] = [3, None, 1, None, 2]
    data = write_jsonl(tmp_path / "data.jsonl", records(5))
    path = score(data, tmp_path / "t", values).path
    result = build(path, order="ascending", nulls=nulls, weighting="s-loss", output=tmp_path / "s")
    found = read(result.path)
    rows = {"drop": [2, 4, 0], "first": [1, 3, 2, 4, 0], "last": [2, 4, 0, 1, 3]}[nulls]
    assert found.column("row").to_pylist() == rows
    known = [row for row in rows if values[row] is not None]
    hardness = dict(zip(rows, found.column("hardness").to_pylist(), strict=True))
    assert [hardness[row] for row in known] == [0, 0.5, 1]
    weight = dict(zip(rows, found.column("weight").to_pylist(), strict=True))
    for row in set(rows) - set(known):
        assert hardness[row] is None
        assert weight[row] == 1
    assert result.manifest.hardness == {"min": 0.0, "mean": 0.5, "max": 1.0, "nulls": 2}


def test_nulls_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", records(3))
    path = score(data, tmp_path / "t", [1, None, 2]).path
    with pytest.raises(HardnessError, match=r"perplexity must be defined .*--nulls drop, first or"):
        build(path, order="ascending", output=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_rejected_records_are_left_out(tmp_path: Path) -> None:
    lines = [json.dumps(record) for record in records(6)]
    lines[2] = "{broken"
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(lines) + "\n")
    path = score(data, tmp_path / "t", [5, 4, 9, 3, 2, 1], on_error="skip").path
    found = read(build(path, order="ascending", output=tmp_path / "s").path)
    assert found.column("row").to_pylist() == [5, 4, 3, 1, 0]


@pytest.fixture
def small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of 16 records, so that little data makes many buckets."""
    monkeypatch.setattr(build_module, "row_group_rows", lambda **_: 16)


@pytest.mark.usefixtures("small_buckets")
@pytest.mark.parametrize(
    ("partition_bytes", "executor", "spilled", "data_bytes"),
    [
        pytest.param(700, Threads(4), False, 10, id="many-partitions-in-memory"),
        pytest.param(10**9, Threads(2), False, 10**9, id="many-buckets-in-memory"),
        pytest.param(700, Threads(3), True, 10**9, id="many-buckets-spilled"),
        pytest.param(2000, Pickling(), True, 10**9, id="workers-without-shared-memory"),
    ],
)
def test_bytes_depend_on_neither_partitions_nor_workers_nor_memory(
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    partition_bytes: int,
    executor: Executor,
    spilled: bool,
    data_bytes: int,
) -> None:
    options = {"order": "descending", "shard_rows": 100}
    reference = build(table, output=tmp_path / "a", threads=1, **options)
    monkeypatch.setattr(plan, "_MIN_PARTITION_BYTES", partition_bytes)
    monkeypatch.setattr(plan, "_MAX_PARTITION_BYTES", partition_bytes)
    # 1 GB of data in 1 MB of memory cuts shards into buckets of one row group.
    monkeypatch.setattr(build_module, "arrow_bytes", lambda _: data_bytes)
    monkeypatch.setattr(build_module, "IN_MEMORY_SHARE", 0 if spilled else 10**6)
    use_executor(monkeypatch, executor)
    result = build(table, output=tmp_path / "b", memory="1MB", **options)
    assert result.manifest == reference.manifest
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert sorted(digests(tmp_path / "b")) == [
        "manifest.json",
        *[shard.name for shard in reference.manifest.shards],
    ]


def repeating(hardness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three passes over the easier half, in other orders, and one over all."""
    easy = np.argsort(hardness, kind="stable")[: len(hardness) // 2]
    return np.concatenate([*(rng.permutation(easy) for _ in range(3)), np.arange(len(hardness))])


@pytest.mark.usefixtures("small_buckets")
def test_repeated_records_are_repeated_with_their_own_positions_and_weights(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(orders._items, "repeating", repeating)
    options = {"order": "repeating", "weighting": "s-loss", "shard_rows": 100, "seed": 4}
    result = build(table, output=tmp_path / "a", threads=2, **options)
    found = read(result.path)
    half, k = N // 2, 3 * (N // 2) + N
    hardness = found.column("hardness").to_numpy().astype(float)
    rows = found.column("row").to_pylist()
    assert found.column("position").to_pylist() == list(range(k))
    assert rows[-N:] == list(range(N))
    assert (
        sorted(rows[:half])
        == sorted(rows[half : 2 * half])
        == sorted(expected_rows(scores())[:half])
    )
    assert found.select(["id", "text", "extra"]).to_pylist() == [
        {name: records(N)[row][name] for name in ("id", "text", "extra")} for row in rows
    ]
    np.testing.assert_allclose(
        found.column("weight").to_numpy(),
        (2 * hardness - 1) * (np.arange(k) / k - 1) + 1,
        rtol=1e-5,
    )
    assert result.manifest.occurrences == {
        "records": N,
        "never": 0,
        "most": 4,
        "times": {"1": N - half, "4": half},
    }
    assert result.manifest.hardness["mean"] == pytest.approx(hardness.mean())

    monkeypatch.setattr(plan, "_MIN_PARTITION_BYTES", 700)
    monkeypatch.setattr(plan, "_MAX_PARTITION_BYTES", 700)
    monkeypatch.setattr(build_module, "arrow_bytes", lambda _: 10**9)
    use_executor(monkeypatch, Pickling())
    again = build(table, output=tmp_path / "b", memory="1MB", **options)
    assert again.manifest == result.manifest
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.none() | st.integers(0, 4).map(float), min_size=1, max_size=40).filter(any),
    shard_rows=st.integers(1, 50),
    order=st.sampled_from(["ascending", "descending", "random"]),
    normalize=st.sampled_from(["rank", "minmax", "zscore"]),
    nulls=st.sampled_from(["drop", "first", "last"]),
)
def test_every_record_is_there_once_whatever_the_options(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[float | None],
    shard_rows: int,
    order: str,
    normalize: str,
    nulls: str,
) -> None:
    folder = tmp_path_factory.mktemp("build")
    data = write_jsonl(folder / "data.jsonl", records(len(values)))
    path = score(data, folder / "t", values).path
    result = build(
        path,
        order=order,
        normalize=normalize,
        nulls=nulls,
        shard_rows=shard_rows,
        output=folder / "s",
    )
    found = read(result.path)
    rows = found.column("row").to_pylist()
    kept = [row for row, value in enumerate(values) if value is not None or nulls != "drop"]
    assert sorted(rows) == kept
    assert found.column("id").to_pylist() == [f"r{row}" for row in rows]
    known = [row for row in rows if values[row] is not None]
    if order != "random":
        assert known == expected_rows(values, descending=order == "descending")


def test_schemas_that_differ_between_files_become_one(tmp_path: Path) -> None:
    first = write_jsonl(tmp_path / "a.jsonl", [{"text": "one", "n": 1}, {"text": "two", "n": 2}])
    second = write_jsonl(tmp_path / "b.jsonl", [{"text": "three", "n": 0.5, "m": ["x"]}])
    path = score([first, second], tmp_path / "t", [2, 1, 3]).path
    result = build(path, order="descending", output=tmp_path / "s", shard_rows=1)
    assert read(result.path).select(["text", "n", "m"]).to_pylist() == [
        {"text": "three", "n": 0.5, "m": ["x"]},
        {"text": "one", "n": 1.0, "m": None},
        {"text": "two", "n": 2.0, "m": None},
    ]
    schemas = {str(pq.read_schema(file)) for file in result.path.glob("*.parquet")}
    assert len(schemas) == 1


def test_parquet_and_compressed_data_give_the_same_records(table: Path, tmp_path: Path) -> None:
    reference = read(build(table, order="ascending", output=tmp_path / "s").path)
    packed = tmp_path / "data.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "data.jsonl").read_bytes()))
    columnar = tmp_path / "data.parquet"
    frame = pl.DataFrame(records(N)).with_columns(pl.col("label").cast(pl.Categorical))
    frame.write_parquet(columnar)
    for data in (packed, columnar):
        path = score(data, tmp_path / f"{data.name}.t", scores()).path
        found = read(build(path, order="ascending", output=tmp_path / f"{data.name}.s").path)
        assert found.to_pylist() == reference.to_pylist()


@pytest.mark.parametrize("name", ["row", "hardness", "position", "weight"])
def test_columns_that_shards_add_must_be_free(tmp_path: Path, name: str) -> None:
    data = write_jsonl(tmp_path / "d.jsonl", [{"text": "a"}, {"text": "b", name: 1}])
    path = score(data, tmp_path / "t", [1, 2]).path
    with pytest.raises(HardnessError, match=rf"got {name} in .*d.jsonl; rename the column"):
        build(path, order="ascending", weighting="s-loss", output=tmp_path / "s")


def test_a_column_called_weight_is_kept_without_a_weighting(tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "d.jsonl", [{"text": "a", "weight": 7}])
    path = score(data, tmp_path / "t", [1]).path
    found = read(build(path, order="ascending", output=tmp_path / "s").path)
    assert found.column("weight").to_pylist() == [7]
    assert found.column("hardness").to_pylist() == [0.5]


@pytest.mark.parametrize("cached", [False, True], ids=["first", "again"])
def test_data_that_changed_since_scoring_is_refused(
    table: Path, tmp_path: Path, cached: bool
) -> None:
    if cached:
        build(table, order="ascending", output=tmp_path / "s")
    data = tmp_path / "data.jsonl"
    data.write_text(data.read_text().replace("word", "Word", 1))
    with pytest.raises(HardnessError, match="the data changed"):
        build(table, order="ascending", output=tmp_path / "s")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shard_rows": 0}, "shard_rows must be at least 1, got 0"),
        ({"memory": "1kB"}, "memory must be at least 1 MB"),
        ({"weighting": "focus"}, "weighting must be one of"),
        ({"weighting": "shards"}, "weighting must need no more than hardness and progress"),
        ({"order": "sideways"}, "order must be one of annealed, ascending, babysteps"),
        ({"by": "length"}, "metric must be one of perplexity"),
    ],
    ids=["shard-rows", "memory", "weighting", "weighting-needs", "order", "by"],
)
def test_wrong_options_are_refused_before_anything_is_written(
    table: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(HardnessError, match=message):
        build(table, **({"order": "ascending", "output": tmp_path / "s"} | options))
    assert not (tmp_path / "s").exists()


def test_the_output_is_beside_the_table_by_default(table: Path, tmp_path: Path) -> None:
    result = build(table, order="ascending", weighting="s-loss")
    assert result.path == tmp_path / "data.perplexity-ascending-s-loss.shards"
    assert build(table, order="ascending").path == tmp_path / "data.perplexity-ascending.shards"


def test_loading_no_more_than_a_partition_and_a_bucket(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "IN_MEMORY_SHARE", 0.0)
    seen: list[str] = []

    class Spy(Threads):
        def run(
            self, stage: str, function: Any, items: dict[int, Any], finished: Any, marks: Any
        ) -> None:
            def watched(index: int, result: Any) -> None:
                if not isinstance(result, ShardEntry):
                    seen.append(result.path)
                finished(index, result)

            super().run(stage, function, items, watched, marks)

    use_executor(monkeypatch, Spy(2))
    build(table, order="ascending", output=tmp_path / "s")
    assert seen
    assert all(source.endswith(".spill") for source in seen)


def test_a_build_does_not_import_what_it_does_not_need(table: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from hardness.curriculum.build import build; "
        "build(sys.argv[1], output=sys.argv[2]); "
        "print(*{'pandas', 'numba', 'distributed', 'torch'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(table), str(tmp_path / "s")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
