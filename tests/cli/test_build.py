"""`hardness build` as it is typed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hardness.cli.build import build
from hardness.cli.console import size
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
    total = size(sum(shard.bytes for shard in open_shards(output).manifest.shards))
    assert re.search(rf"shards 3 written in \d+\.\d s, {total}", printed)
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
    printed = run(
        *(table, "--order", "buckets:3", "--normalize", "zscore", "--seed", "7", "--nulls", "last"),
        *("--weighting", "s-loss", "--memory", "1GB", "--shard-rows", "900", "-o", tmp_path / "s"),
        *("--select", "easiest:0.5", "--keep-random", "0.1", "--epochs", "2"),
    )
    manifest = open_shards(tmp_path / "s").manifest
    expected = {"order": "buckets:3", "normalize": "zscore", "nulls": "last", "keep_random": 0.1}
    assert expected.items() <= manifest.curriculum.items()
    assert manifest.curriculum["select"] == "easiest:0.5"
    assert (manifest.seed, manifest.epochs, manifest.shard_rows) == (7, 2, 900)
    assert "records 660 of 1,200" in printed
    assert "positions 1,320 in 2 epochs, each record 2 times" in printed
    assert "at random 0.1 of the records" in printed
    assert manifest.weighting == {"name": "s-loss"}
    run(table, "--order", "ascending", "--overwrite", "-o", tmp_path / "s")
    assert open_shards(tmp_path / "s").manifest.curriculum["order"] == "ascending"


def test_nulls_are_counted(tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", records(3))
    table = score(data, tmp_path / "t", [1, None, 2]).path
    printed = run(table, "--order", "ascending", "--nulls", "drop", "-o", tmp_path / "s")
    assert "records 2 of 3, 1 without a score (drop)" in printed


def test_a_mistake_is_a_hardness_error(table: Path) -> None:
    with pytest.raises(HardnessError, match="metric must be one of perplexity"):
        run(table, "--by", "length")


def test_a_dry_run_shows_both_ends_and_the_course_and_writes_nothing(
    table: Path, tmp_path: Path
) -> None:
    printed = run(
        *(table, "--order", "babysteps:2", "--shard-rows", "1000", "--dry-run"),
        *("-o", tmp_path / "s"),
    )
    assert "shards 2 to write (dry run, nothing written)" in printed
    assert "positions 1,800 in 1 epoch, each record 1 to 2 times" in printed
    assert "first records position row hardness text 0 " in printed
    assert "mean hardness by training position 1.0 ┤" in printed
    assert not (tmp_path / "s").exists()
    assert not list(tmp_path.glob("*.shards"))


def test_a_record_is_explained(table: Path) -> None:
    printed = run(table, "--order", "descending", "--explain", "36")
    assert "perplexity 36 higher 98.71%" in printed
    assert "rank 1,168 of 1,200 records are easier" in printed
    assert "positions 0" in printed


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<svg")])
def test_the_course_is_drawn(table: Path, tmp_path: Path, ending: str, begins: bytes) -> None:
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    file = tmp_path / f"course.{ending}"
    assert f"plot: {file}" in run(table, "--dry-run", "--plot", file)
    assert file.read_bytes().startswith(begins)


def test_what_draws_is_missed_before_any_work(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    monkeypatch.setattr("hardness.curriculum.prepare.prepare", None)
    with pytest.raises(HardnessError, match="altair must be installed, got no such package"):
        run(table, "--dry-run", "--plot", tmp_path / "course.svg")


def test_a_drawing_in_html_asks_nobody_for_anything(table: Path, tmp_path: Path) -> None:
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    file = tmp_path / "course.html"
    run(table, "--plot", file, "-o", tmp_path / "s")
    page = file.read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=['\"]?(https?:)?//", page)
    assert "training position" in page
    assert (tmp_path / "s" / "manifest.json").is_file()


def test_other_drawings_are_refused(table: Path, tmp_path: Path) -> None:
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    with pytest.raises(HardnessError, match=r"plot must end in .png, .svg, .html, got '.*gif'"):
        run(table, "--dry-run", "--plot", tmp_path / "course.gif")
