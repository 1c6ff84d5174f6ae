"""Dynamics of runs: the data they are of is found and compared, and classes have names."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

import hardness
from hardness import HardnessError
from hardness.io.remote import RemotePath
from tests.paths import local
from tests.stages.dynamics import LABELS, write_data

N = 30


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data.jsonl, data.hardness, shards and the run on them."""
    folder = tmp_path_factory.mktemp("trained")
    data = write_data(folder / "data.jsonl", N)
    table = hardness.score(data).table.path
    hardness.build(table, order="random", output=folder / "shards")
    hardness.train(
        folder / "shards",
        folder / "run",
        task="classification",
        epochs=2,
        record_dynamics="after",
        record_logits=True,
    )
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(trained, tmp_path / "copy"))


def observed(run: Path) -> pl.DataFrame:
    return pl.concat(
        pl.from_arrow(pq.read_table(path))  # pyright: ignore[reportArgumentType]
        for path in sorted(run.glob("dynamics/epoch-*/*.parquet"))
    )


@pytest.mark.parametrize("inner", ["run", "run/dynamics"], ids=["the run", "its dynamics"])
def test_run_in_a_store_is_as_good_as_on_a_disk(trained: Path, inner: str, tmp_path: Path) -> None:
    for path in sorted(trained.rglob("*")):
        if path.is_file():
            RemotePath(f"memory://d/{path.relative_to(trained).as_posix()}").upload(path)
    options: dict[str, Any] = {"metric": "cartography", "epochs": "1..2"}
    far = hardness.score(dynamics=f"memory://d/{inner}", output=tmp_path / "far", **options)
    near = hardness.score(dynamics=str(trained / inner), output=tmp_path / "near", **options)
    assert far.table.digest == near.table.digest
    assert far.info.parameters == near.info.parameters
    frames = [found.table.frame("cartography").collect() for found in (far, near)]
    assert frames[0].equals(frames[1])


@pytest.mark.parametrize("inner", [".", "dynamics"], ids=["the run", "its dynamics"])
def test_data_of_a_run_is_found(trained: Path, inner: str, tmp_path: Path) -> None:
    result = hardness.score(
        metric="cartography", dynamics=str(trained / "run" / inner), output=tmp_path / "t"
    )
    frame = result.table.frame("cartography").collect()
    expected = (
        observed(trained / "run")
        .group_by("row")
        .agg(pl.col("gold_logprob").cast(pl.Float64).exp().mean(), pl.col("margin").mean())
        .sort("row")
    )
    assert frame["confidence"].to_list() == pytest.approx(expected["gold_logprob"].to_list())
    assert frame["aum"].to_list() == pytest.approx(expected["margin"].to_list(), abs=1e-6)
    assert set(frame["suggested"].to_list()) <= set(LABELS)
    assert result.table.columns.label == "label"
    assert [Path(f["absolute"]).name for f in result.table.content["files"]] == ["data.jsonl"]


def test_table_lies_beside_the_data_that_was_found(folder: Path, trained: Path) -> None:
    # The copy of the run still names the shards that it was trained on.
    result = hardness.score(metric="aum", dynamics=str(folder / "run"))
    assert local(result.table.path).resolve() == (trained / "data.hardness").resolve()


def test_relative_shards_are_found_from_the_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = str(folder / "run")
    absolute = hardness.score(metric="aum", dynamics=run, output=tmp_path / "absolute").table
    config = folder / "run" / "config.json"
    text = config.read_text()
    (shards,) = {line.split('"')[3] for line in text.splitlines() if '"shards":' in line}
    config.write_text(text.replace(f'"{shards}"', '"shards"'))
    monkeypatch.chdir(tmp_path)
    relative = hardness.score(metric="aum", dynamics=run, output=tmp_path / "relative").table
    assert relative.frame("aum").collect().equals(absolute.frame("aum").collect())


def test_dynamics_of_other_data_are_refused(trained: Path, tmp_path: Path) -> None:
    other = write_data(tmp_path / "other.jsonl", N + 1)
    with pytest.raises(HardnessError, match=r"dynamics must be of the data that is scored"):
        hardness.score(other, metric="aum", dynamics=str(trained / "run"))
    assert not (tmp_path / "other.hardness" / "aum" / "metric.json").exists()


def test_other_shards_in_the_place_tell_nothing(folder: Path, tmp_path: Path) -> None:
    config = folder / "run" / "config.json"
    text = config.read_text()
    start = text.index('"manifest_digest": "') + len('"manifest_digest": "')
    config.write_text(text[:start] + "0" * 32 + text[start + 32 :])
    with pytest.raises(HardnessError, match=r"shards of the run are gone or were built again"):
        hardness.score(metric="aum", dynamics=str(folder / "run"))
    data = folder / "data.jsonl"
    result = hardness.score(
        data, metric="cartography", dynamics=str(folder / "run"), output=tmp_path / "t"
    )
    assert set(result.table.frame("cartography").collect()["suggested"]) <= set(LABELS)


def test_data_that_are_gone_must_be_named(folder: Path, trained: Path) -> None:
    shards = folder / "shards"
    config = folder / "run" / "config.json"
    config.write_text(config.read_text().replace(str(trained / "shards"), str(shards)))
    (folder / "data.jsonl").write_text("{}\n")
    with pytest.raises(HardnessError, match=r"data must be found beside the shards .*data.jsonl"):
        hardness.score(metric="aum", dynamics=str(folder / "run"))


def test_data_of_observed_records_are_those_observed(trained: Path, tmp_path: Path) -> None:
    other = write_data(tmp_path / "other.jsonl", N - 5)
    table = hardness.score(other).table.path
    hardness.build(table, order="random", output=tmp_path / "shards")
    hardness.train(
        trained / "shards",
        tmp_path / "run",
        task="classification",
        epochs=1,
        record_dynamics="after",
        observe=tmp_path / "shards",
    )
    result = hardness.score(metric="aum", dynamics=str(tmp_path / "run"))
    assert local(result.table.path) == tmp_path / "other.hardness"
    with pytest.raises(HardnessError, match=r"dynamics must be of the data that is scored"):
        hardness.score(trained / "data.jsonl", metric="aum", dynamics=str(tmp_path / "run"),
                       output=tmp_path / "t")  # fmt: skip
