"""What `score` and `show` print, at any width, into pipes, of names with odd characters."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hardness
from hardness.cli import console as shared
from hardness.cli.summary import grouped, print_metric
from hardness.io.metric import MetricInfo
from tests.cli.program import hardness as program
from tests.cli.program import one_line

ODD = "a [bold] b's :cat: [1]"


@pytest.fixture
def info(tmp_path: Path) -> MetricInfo:
    texts = [f"the {'very ' * (row % 40)}long text number {row}" for row in range(300)]
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return hardness.score(data).info


def cells(info: MetricInfo) -> set[str]:
    """Everything that is to be read in the table."""
    found = set()
    for column in info.columns:
        summary = info.summary[column]
        shown = [v for q, v in summary["quantiles"].items() if q not in ("0.25", "0.75")]
        found |= {shared.number(value) for value in (summary["mean"], *shown)}
        found |= {column, str(summary["nulls"])}
    return found


@pytest.mark.parametrize("width", [200, 80, 66, 50, 30, 20])
def test_no_width_costs_a_digit(
    info: MetricInfo,
    width: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(shared.console, "_width", width)
    print_metric(info)
    printed = capsys.readouterr().out.split("\n", 1)[1]  # the parameters above are not wrapped
    assert cells(info) <= set(printed.split())
    assert "…" not in printed
    assert max(map(len, printed.splitlines())) <= max(width, 18)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder whose name is as long as it is odd, so that it would wrap and be styled."""
    folder = tmp_path / (ODD + " and quite long so that no line of eighty columns has room for it")
    folder.mkdir()
    lines = [json.dumps({"text": f"[red] the :dog: {row}", "label": row % 2}) for row in range(20)]
    (folder / "data.jsonl").write_text("\n".join(lines))
    return folder


def test_paths_are_printed_as_they_are_and_commands_can_be_typed(odd: Path) -> None:
    def run(*arguments: object) -> str:
        done = program(*arguments, cwd=odd, env={"COLUMNS": "40"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def next_command(printed: str) -> list[str]:
        (line,) = re.findall(r"^next: +(.*)$", printed, flags=re.MULTILINE)
        program_name, *arguments = shlex.split(line)
        assert program_name == "hardness"
        return arguments

    printed = run("score", odd / "data.jsonl")
    assert f"{odd / 'data.jsonl'}: 20 records" in printed
    assert f"table: {odd / 'data.hardness'}\n" in printed
    assert "[red] the :dog:" in " ".join(printed.split())
    arguments = next_command(printed)
    assert str(odd / "data.hardness") in arguments
    printed = run(*arguments[:-1], odd / "shards")
    assert f"folder    {odd / 'shards'}\n" in printed
    assert next_command(printed) == ["train", str(odd / "shards"), "-o", "run"]
    assert f"{odd / 'data.hardness'}: 20 records" in run("show", odd / "data.hardness")


def test_the_next_command_names_the_metric_where_a_table_has_several(odd: Path) -> None:
    for metric in ("perplexity", "ngram-pvi"):
        printed = program("score", "data.jsonl", "--metric", metric, cwd=odd).stdout
    (line,) = re.findall(r"^next: +(.*)$", printed, flags=re.MULTILINE)
    done = program(*shlex.split(line)[1:], cwd=odd)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ends", [[], ["--top", "0", "--bottom", "0"]], ids=["texts", "none"])
@pytest.mark.parametrize("by", ["foo", "perplexity.foo", "perplexity.n_tokens"])
def test_show_finds_mistakes_before_it_prints(odd: Path, by: str, ends: list[str]) -> None:
    assert program("score", "data.jsonl", cwd=odd).returncode == 0
    done = program("show", "data.hardness", "--by", by, *ends, cwd=odd)
    assert (done.returncode, done.stdout) == (2, "")
    assert by.split(".")[-1] in one_line(done.stderr)


def test_progress_stays_off_where_stderr_is_no_terminal(capfd: Any) -> None:
    with shared.progress() as bars:
        bars.start("reading", 10, "records")
        bars.advance(10)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("width", "tables"), [(200, 1), (80, 3)])
def test_rows_whose_columns_do_not_fit_become_several_tables(
    width: int, tables: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.console, "_width", width)
    rows = [[f"{column} of {row:>20}" for column in range(6)] for row in ("heading", "one", "two")]
    found = grouped(rows)
    assert len(found) == tables
    with shared.console.capture() as capture:
        for table in found:
            shared.console.print(table)
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= width
    for row in rows:
        assert sum(row[0] in line for line in lines) == tables
        assert all(sum(cell in line for line in lines) == 1 for cell in row[1:])


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0.0 kB"), (4_321, "4.3 kB"), (100_000, "0.1 MB"), (1_234_567_890, "1,234.6 MB")],
)
def test_sizes_are_told_in_a_unit_that_shows_them(count: int, told: str) -> None:
    assert shared.size(count) == told


DIGEST = "27819b06f0f04a7f9f0b1f0c8f1c3a5d"


@pytest.mark.parametrize(
    ("parameters", "heading"),
    [
        ({"order": 3, "holdout": "record"}, "perplexity  (order 3, holdout record)"),
        ({"order": 3, "reference": [DIGEST]}, "perplexity  (order 3, reference 27819b06)"),
        ({"label": None}, "perplexity"),
    ],
    ids=["leave-one-out", "reference", "nothing"],
)
def test_headings_tell_what_was_fitted_on(
    info: MetricInfo,
    parameters: dict[str, Any],
    heading: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_metric(replace(info, parameters=parameters))
    assert capsys.readouterr().out.splitlines()[0] == heading


def test_the_next_command_drops_records_without_a_score(tmp_path: Path) -> None:
    texts = ["one text", "two text", ""]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (tmp_path / "data.jsonl").write_text(lines)
    printed = program("score", "data.jsonl", cwd=tmp_path).stdout
    (line,) = re.findall(r"^next: +(.*)$", printed, flags=re.MULTILINE)
    assert "--nulls drop" in line
    done = program(*shlex.split(line)[1:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["one text"], "as beside a single record nothing is left to fit on"),
        (["", ""], "which is null for a record without a token"),
    ],
    ids=["one", "empty"],
)
def test_no_next_command_where_no_record_has_a_score(
    tmp_path: Path, texts: list[str], why: str
) -> None:
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (tmp_path / "data.jsonl").write_text(lines)
    done = program("score", "data.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"no record has a score of perplexity, {why}" in done.stdout
    assert "next:" not in done.stdout
