"""`hardness score` as a user meets it: what it prints, its exit codes, and what kill -9 leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.program import KILL_AFTER, hardness
from tests.stages.test_score import contents

GOOD = [{"id": f"r{i}", "text": f"the {a} dog number {i % 7}"} for i, a in enumerate("abcdefgh")]


def write(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def good_lines() -> list[bytes]:
    return [json.dumps(row).encode() for row in GOOD]


def test_score_prints_what_it_found_and_did(tmp_path: Path) -> None:
    write(tmp_path / "data.jsonl", good_lines())
    first = hardness("score", "--metric", "perplexity", "data.jsonl", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    for part in (
        "data.jsonl: 8 records",
        "text: text (detected)",
        "id: id (detected)",
        "8 records scored, 40 tokens in",
        "tokens/s",
        "easiest by perplexity",
        "hardest by perplexity",
        "the a dog number 0",
        "table: data.hardness",
        "hardness build data.hardness",
    ):
        assert part in first.stdout
    again = hardness("score", "--metric", "perplexity", "data.jsonl", cwd=tmp_path)
    assert "already scored" in again.stdout
    assert again.returncode == 0


def test_show_prints_both_ends_with_their_texts(tmp_path: Path) -> None:
    write(tmp_path / "data.jsonl", [*good_lines(), b'{"id": "odd", "text": "zyx wvu tsr"}'])
    hardness("score", "data.jsonl", cwd=tmp_path)
    shown = hardness("show", "data.hardness", "--top", "1", "--bottom", "2", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    easiest, hardest = shown.stdout.split("hardest by perplexity")
    assert "zyx wvu tsr" in hardest
    assert hardest.count("dog") == 0
    assert easiest.count("dog number") == 2
    none = hardness("show", "data.hardness", "--top", "0", "--bottom", "0", cwd=tmp_path)
    assert "dog" not in none.stdout
    assert "n_oov" in none.stdout
    other = hardness("show", "data.hardness", "--by", "perplexity.nll", cwd=tmp_path)
    assert "hardest by perplexity.nll" in other.stdout


def test_metrics_tells_needs_direction_and_source(tmp_path: Path) -> None:
    listed = hardness("metrics", cwd=tmp_path)
    assert listed.returncode == 0
    words = " ".join(listed.stdout.split())
    assert "perplexity.nll" in words
    assert "higher is harder" in words
    assert "leave-one-out" in words


def test_metrics_calls_a_primary_column_as_tables_do(tmp_path: Path) -> None:
    words = " ".join(hardness("metrics", cwd=tmp_path).stdout.split())
    assert "cartography.confidence mean over the epochs" in words
    assert "`cartography` alone is this column" in words
    assert "perplexity exp(nll)" in words
    assert "perplexity.perplexity" not in words
    assert "`perplexity` alone" not in words


BAD = {
    "malformed line": (b'{"id": "x", "text": "cut', "data.jsonl line 4"),
    "wrong type": (b'{"id": "x", "text": 5}', "data.jsonl line 4"),
    "not an object": (b'["text"]', "data.jsonl line 4"),
    "invalid UTF-8": (b'{"id": "x", "text": "\xff\xfe"}', "data.jsonl line 4"),
    "two on a line": (b'{"text": "a"}{"text": "b"}', "data.jsonl line 4"),
}


@pytest.mark.parametrize(("line", "where"), BAD.values(), ids=BAD.keys())
def test_bad_line_is_one_message_and_leaves_no_table(
    tmp_path: Path, line: bytes, where: str
) -> None:
    lines = good_lines()
    write(tmp_path / "data.jsonl", [*lines[:3], line, *lines[3:]])
    done = hardness("score", "data.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (message,) = done.stderr.splitlines()
    assert message.startswith("error: ")
    assert where in message
    assert "--on-error skip" in message
    assert not list(tmp_path.glob("**/metric.json"))
    skipped = hardness("score", "data.jsonl", "--on-error", "skip", cwd=tmp_path)
    assert skipped.returncode == 0, skipped.stderr
    assert (
        "1 bad record left out, listed in data.hardness/perplexity/rejects.jsonl" in skipped.stdout
    )
    mended = tmp_path / "mended"
    mended.mkdir()
    write(mended / "data.jsonl", lines)
    hardness("score", "data.jsonl", cwd=mended)
    nll = [
        json.loads((folder / "data.hardness/perplexity/metric.json").read_text())["summary"]["nll"]
        for folder in (tmp_path, mended)
    ]
    assert nll[0] == nll[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.jsonl"], "absent.jsonl"),
        (["data.jsonl", "--text", "body"], "body"),
        (["data.jsonl", "--group", "author", "--holdout", "group"], "author"),
        (["data.jsonl", "--holdout", "group"], "name it with --group"),
        (["data.jsonl", "--order", "9"], "order must be 1 to 5, got 9"),
        (["data.jsonl", "--tokenizer", "bpe"], "tokenizer must be one of"),
        (["data.jsonl", "--metric", "entropy"], "metric must be one of"),
        (["data.jsonl", "--threads", "0"], "threads must be at least 1, got 0"),
        (["data.xyz"], "data.xyz"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_option_is_one_message(tmp_path: Path, arguments: list[str], message: str) -> None:
    write(tmp_path / "data.jsonl", good_lines())
    (tmp_path / "data.xyz").write_text("?")
    done = hardness("score", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert message in line
    assert not list(tmp_path.glob("**/metric.json"))


def test_killed_at_any_moment_the_same_command_ends_with_the_same_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(5000)])
    texts = [" ".join(rng.choice(words, 12)) for _ in range(20_000)]
    write(tmp_path / "data.jsonl", [json.dumps({"text": text}).encode() for text in texts])
    command = ["score", "data.jsonl", "--partition-bytes", "50000"]

    def complete(output: str) -> float:
        began = time.monotonic()
        done = hardness(*command, "-o", output, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return time.monotonic() - began

    complete("compiled")  # the first run ever compiles, and would be no measure of the next
    seconds = complete("undisturbed")
    expected = contents(tmp_path / "undisturbed")
    n_parts = sum(name.endswith(".parquet") for name in expected)
    assert n_parts > 20
    killed = tmp_path / "killed"
    # At moments of the clock, whatever happens there; and at some when parts are there already.
    for delay in seconds * rng.uniform(0.1, 0.9, size=3):
        shutil.rmtree(killed, ignore_errors=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "hardness", *command, "-o", "killed"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(delay)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        assert process.wait(timeout=300) in (-signal.SIGKILL, 0)
        complete("killed")
        assert contents(killed) == expected
    for count in rng.integers(1, n_parts // 2, size=3):
        shutil.rmtree(killed, ignore_errors=True)
        where = ["hardness.io.metric_writer", "MetricWriter.write", count]
        done = hardness(*where, *command, "-o", "killed", cwd=tmp_path, before=KILL_AFTER)
        assert done.returncode == -signal.SIGKILL
        assert list(killed.glob("*/part-*.parquet"))
        complete("killed")
        assert contents(killed) == expected
