"""Each kind of bad input: one line, exit code 2, nothing to trust, and mended it is scored."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.cli.program import hardness, one_line

ROWS = [{"text": f"the dog number {row} runs {row % 7} times", "n": row} for row in range(60)]
GOOD = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
TABULAR = "".join([*(f"{row['text']},{row['n']}\n" for row in ROWS)])

CHANGE = """
from hardness.io.dataset import Dataset
original = Dataset.read
def read(self, *arguments, **options):
    records = original(self, *arguments, **options)
    with open("data.jsonl", "a") as file:
        file.write('{"text": "one more"}\\n')
    return records
Dataset.read = read
"""


def _parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), out)
    return out.getvalue()


def _half(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


CASES: dict[str, tuple[str, bytes, bytes, str]] = {
    # name of the file, bad contents, good contents, what the message says
    "no text column": ("data.jsonl", b'{"n": 1, "body": "x"}\n' * 9, GOOD, "columns 'body'; name"),
    "cut gz": ("data.jsonl.gz", _half(gzip.compress(GOOD)), gzip.compress(GOOD), "complete .gz"),
    "cut zst": (
        "data.jsonl.zst",
        _half(zstandard.compress(GOOD)),
        zstandard.compress(GOOD),
        "complete .zst file",
    ),
    "cut Parquet": ("data.parquet", _half(_parquet()), _parquet(), "Parquet"),
    "ragged CSV": (
        "data.csv",
        f"text,n\na dog,1\na cat,2,3\n{TABULAR}".encode(),
        f"text,n\na dog,1\na cat,2\n{TABULAR}".encode(),
        "line 3",
    ),
    "ragged TSV": ("data.tsv", b"text\tn\na dog\t1\nx\n", b"text\tn\na dog\t1\nx\t2\n", "line 3"),
    "empty JSONL": ("data.jsonl", b"", GOOD, "at least one record"),
    "blank JSONL": ("data.jsonl", b"\n\n", GOOD, "at least one record"),
    "empty CSV": ("data.csv", b"", b"text\na dog\na cat\n", ""),
    "UTF-16 JSONL": ("data.jsonl", GOOD.decode().encode("utf-16"), GOOD, "UTF-16"),
    "UTF-16 CSV": (
        "data.csv",
        f"text,n\n{TABULAR}".encode("utf-16"),
        f"text,n\n{TABULAR}".encode(),
        "must be UTF-8",
    ),
    "invalid UTF-8": ("data.txt", b"a dog\n\xff\xfe cat\n", b"a dog\na cat\n", "line 2"),
    "binary": ("data.jsonl", bytes(range(256)) * 20, GOOD, "one JSON object a line"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "bad", "good", "said"), CASES.values(), ids=CASES.keys())
def test_bad_file_is_one_line_and_the_mended_one_is_scored(
    tmp_path: Path, name: str, bad: bytes, good: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(bad)
    refused = hardness("score", name, cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, ""), refused.stderr
    message = one_line(refused.stderr)
    assert message.startswith("error: ")
    assert name in message or said.startswith("columns")
    assert said in message
    assert ";" in message  # what to do about it
    _nothing_to_trust(tmp_path)
    path.write_bytes(good)
    _scores(tmp_path, name)


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_folder_that_is_no_data_is_one_line(tmp_path: Path, name: str) -> None:
    process = hardness("score", name, cwd=tmp_path)
    assert process.returncode == 2
    assert "got the folder" in one_line(process.stderr)


def test_file_that_changes_under_the_run(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_bytes(GOOD)
    refused = hardness("score", "data.jsonl", cwd=tmp_path, before=CHANGE)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "data.jsonl must not change during a run" in one_line(refused.stderr)
    _nothing_to_trust(tmp_path)
    _scores(tmp_path, "data.jsonl")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(_half(path.read_bytes())), id="cut"),
        pytest.param(lambda path: path.unlink(), id="gone"),
    ],
)
def test_damaged_table_is_one_line_and_scored_again(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    (tmp_path / "data.jsonl").write_bytes(GOOD)
    _scores(tmp_path, "data.jsonl")
    damage(tmp_path / "data.hardness" / "perplexity" / "part-00000.parquet")
    for command in (["show", "data.hardness"], ["build", "data.hardness"]):
        refused = hardness(*command, cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "score again" in one_line(refused.stderr)
    _scores(tmp_path, "data.jsonl")
    assert hardness("show", "data.hardness", cwd=tmp_path).returncode == 0


def _nothing_to_trust(folder: Path) -> None:
    assert not list(folder.glob("**/metric.json"))
    tables = list(folder.glob("*.hardness"))
    if tables:
        shown = hardness("show", tables[0], cwd=folder)
        assert shown.returncode == 2
        assert hardness("build", tables[0], cwd=folder).returncode == 2


def _scores(folder: Path, name: str) -> None:
    done = hardness("score", name, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "already" not in done.stdout
    assert "records scored" in done.stdout
