"""Ctrl-C ends every long command in one line, and the same command goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.program import INTERRUPT_AFTER, hardness, leftovers, one_line

GOES_ON = "interrupted; the same command goes on where it was"
SCORE = ["score", "data.jsonl", "--partition-bytes", "2000", "-o", "table"]
BUILD = ["build", "table", "--shard-rows", "50", "-o", "shards"]
TRAIN = ["train", "shards", "-o", "run", "--epochs", "2", "--max-length", "8", "--device", "cpu"]
LM = ["lm", "data.jsonl", "-o", "lm.arpa"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [
        json.dumps({"text": f"the dog number {row % 13} runs {row % 7} times", "label": row % 2})
        for row in range(200)
    ]
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    return tmp_path


def complete(folder: Path, *commands: list[str]) -> None:
    for command in commands:
        done = hardness(*command, cwd=folder)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("needed", "command", "where", "message"),
    [
        pytest.param(
            [],
            SCORE,
            ["hardness.io.metric_writer", "MetricWriter.write", "3"],
            GOES_ON,
            id="score",
        ),
        pytest.param(
            [SCORE],
            BUILD,
            ["hardness.curriculum.folder", "BuildFolder.mark", "2"],
            GOES_ON,
            id="build",
        ),
        pytest.param(
            [SCORE, BUILD],
            TRAIN,
            ["hardness.training.milestones", "Milestones.save", "1"],
            "interrupted; the same command goes on from the checkpoint of step 7",
            id="train",
        ),
        pytest.param(
            [SCORE, BUILD],
            TRAIN,
            ["hardness.training.loop", "Loop.step", "4"],
            "interrupted; the same command begins anew, as no checkpoint was saved",
            id="train, before a checkpoint",
        ),
        pytest.param(
            [SCORE, BUILD],
            TRAIN,
            ["hardness.training.folder", "claim", "1"],
            "interrupted; the same command does it again",
            id="train, before a step",
        ),
        pytest.param(
            [],
            LM,
            ["hardness.stages.lm", "store_bytes", "1"],
            "interrupted; the same command goes on with what it left in files, if anything",
            id="lm",
        ),
    ],
)
def test_interrupt_is_one_line_and_the_same_command_goes_on(
    folder: Path, needed: list[list[str]], command: list[str], where: list[str], message: str
) -> None:
    complete(folder, *needed)
    stopped = hardness(*where, *command, cwd=folder, before=INTERRUPT_AFTER)
    assert (stopped.returncode, one_line(stopped.stderr)) == (130, message)
    again = hardness(*command, cwd=folder)
    assert again.returncode == 0, again.stderr
    if command is SCORE:
        assert "went on from an interrupted run" in again.stdout
    if command is TRAIN:
        assert ("resuming from step 7 of 14" in again.stdout) == ("step 7" in message)
    assert leftovers(folder) == []


def test_what_starts_again_says_so(folder: Path) -> None:
    where = ["hardness.io.metric_writer", "MetricWriter.write", "3"]
    stopped = hardness(*where, *SCORE, "--overwrite", cwd=folder, before=INTERRUPT_AFTER)
    assert one_line(stopped.stderr) == f"{GOES_ON}, without --overwrite"


@pytest.mark.parametrize(
    ("where", "then"),
    [
        pytest.param(
            ["hardness.training.milestones", "Milestones.save", "1"],
            "goes on from the checkpoint of step 7, without --overwrite",
            id="with a checkpoint",
        ),
        pytest.param(
            ["hardness.training.loop", "Loop.step", "4"],
            "begins anew, as no checkpoint was saved",
            id="without one",
        ),
        # The run that is to be replaced still has a checkpoint, but not of this one.
        pytest.param(
            ["hardness.training.setup", "make_tokenizer", "1"], "does it again", id="not yet begun"
        ),
    ],
)
def test_a_training_that_replaces_another_does_not_promise_its_checkpoint(
    folder: Path, where: list[str], then: str
) -> None:
    complete(folder, SCORE, BUILD, [*TRAIN, "--seed", "1"])
    assert list((folder / "run" / "checkpoints").iterdir())
    stopped = hardness(*where, *TRAIN, "--overwrite", cwd=folder, before=INTERRUPT_AFTER)
    assert one_line(stopped.stderr) == f"interrupted; the same command {then}"


def has_something(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:  # it had a temporary name
        return False


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
@pytest.mark.parametrize(
    ("command", "begun"),
    [
        pytest.param(
            [*TRAIN[:5], "9999", *TRAIN[6:], "--nproc", "2"], "run/metrics.jsonl", id="train"
        ),
        pytest.param([*SCORE, "--workers", "1"], "table/perplexity/work/*", id="score"),
    ],
)
def test_the_terminals_interrupt_reaches_all_processes_and_one_answers(
    folder: Path, command: list[str], begun: str
) -> None:
    if command[0] == "train":
        complete(folder, SCORE, BUILD)
    else:
        lines = (folder / "data.jsonl").read_text()
        (folder / "data.jsonl").write_text("\n".join([lines] * 5000))
    process = subprocess.Popen(
        [sys.executable, "-m", "hardness", *command],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 240
    while not any(map(has_something, folder.glob(begun))):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=240)
    assert process.returncode == 130
    assert one_line(told).startswith("interrupted; ")
    while True:  # until none of its processes is left
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        assert time.monotonic() < until
        time.sleep(0.05)
