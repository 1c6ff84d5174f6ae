"""`hardness build` as it is typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hardness.cli.build import build
from hardness.curriculum.shards import open_shards
from hardness.errors import HardnessError
from hardness.io.storage import AnyPath
from tests.curriculum.scored import records, score, write_jsonl
from tests.paths import local

app = typer.Typer()
app.command()(build)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    data = write_jsonl(tmp_path / "data.jsonl", records(1200))
    scores = [float(row % 37) for row in range(1200)]
    return local(score(data, tmp_path / "data.hardness", scores).path)


def run(*arguments: AnyPath) -> str:
    """What the command prints, spaces made one."""
    result = CliRunner().invoke(
        app, [str(argument) for argument in arguments], env={"COLUMNS": "200"}
    )
    if result.exception is not None:
        raise result.exception
    return " ".join(result.output.split())


def test_the_summary_tells_what_was_written_and_what_is_next(table: Path, tmp_path: Path) -> None:
    output = tmp_path / "s"
    printed = run(
        table, "--by", "perplexity", "--order", "descending", "-o", output, "--shard-rows", "500"
    )
    size = sum(shard.bytes for shard in open_shards(output).manifest.shards) / 1e6
    assert re.search(rf"shards 3 written in \d+\.\d s, {size:.1f} MB", printed)
    assert "records 1,200" in printed
    assert "order descending by perplexity (higher is harder)" in printed
    assert "hardness 0.01" in printed
    assert "mean 0.5 (rank)" in printed
    assert f"folder {output}" in printed
    assert f"next: hardness train {output}" in printed


def test_the_second_time_nothing_is_written(table: Path, tmp_path: Path) -> None:
    run(table, "--order", "ascending", "-o", tmp_path / "s")
    assert "1 already there, nothing written" in run(
        table, "--order", "ascending", "-o", tmp_path / "s"
    )


def test_every_option_reaches_the_build(table: Path, tmp_path: Path) -> None:
    run(
        *(table, "--order", "random", "--normalize", "zscore", "--seed", "7", "--nulls", "last"),
        *("--weighting", "s-loss", "--memory", "1GB", "--shard-rows", "900", "-o", tmp_path / "s"),
    )
    manifest = open_shards(tmp_path / "s").manifest
    assert manifest.curriculum == {"order": "random", "normalize": "zscore", "nulls": "last"}
    assert (manifest.seed, manifest.shard_rows) == (7, 900)
    assert manifest.weighting == {"name": "s-loss"}
    run(table, "--order", "ascending", "--overwrite", "-o", tmp_path / "s")
    assert open_shards(tmp_path / "s").manifest.curriculum["order"] == "ascending"


def test_nulls_are_counted(tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", records(3))
    table = score(data, tmp_path / "t", [1, None, 2]).path
    printed = run(table, "--order", "ascending", "--nulls", "drop", "-o", tmp_path / "s")
    assert "records 2, 1 without a score (drop)" in printed


def test_a_mistake_is_a_hardness_error(table: Path) -> None:
    with pytest.raises(HardnessError, match="metric must be one of perplexity"):
        run(table, "--by", "length")
