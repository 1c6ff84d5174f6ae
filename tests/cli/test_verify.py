"""`hardness verify` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardness.curriculum.build import build
from tests.cli.program import hardness, one_line
from tests.curriculum.scored import records, score, write_jsonl


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    data = write_jsonl(tmp_path / "data.jsonl", records(60))
    table = score(data, tmp_path / "data.hardness", [float(row % 7) for row in range(60)])
    build(table.path, order="ascending", output=tmp_path / "shards", shard_rows=20)
    return tmp_path / "shards"


def test_intact_shards_are_said_to_be(shards: Path) -> None:
    done = hardness("verify", shards, "--deep", cwd=shards.parent)
    assert done.returncode == 0
    line = one_line(done.stdout)
    kilobytes = sum(file.stat().st_size for file in shards.glob("*.parquet")) / 1e3
    assert line.startswith(f"intact: 3 shards, 60 positions of 60 records, {kilobytes:.1f} kB")
    assert line.endswith("(digests, positions and occurrences)")


def test_every_problem_is_a_line_and_the_exit_code_is_2(shards: Path) -> None:
    (shards / "shard-00000.parquet").unlink()
    with (shards / "shard-00002.parquet").open("ab") as file:
        file.write(b"more")
    done = hardness("verify", shards, cwd=shards.parent)
    assert done.returncode == 2
    first, *rest = done.stderr.splitlines()
    assert first == f"error: {shards} must be intact, got 2 problems:"
    assert ["missing shard" in rest[0], "was altered" in rest[1]] == [True, True]
    assert done.stdout == ""
