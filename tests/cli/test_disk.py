"""Disks that are full, folders that may not be written to, outputs that take nothing."""

from __future__ import annotations

import ctypes
import json
import os
from pathlib import Path

import pytest

from tests.cli.program import LIMIT_FILES, SPILL, hardness, leftovers, one_line
from tests.cli.test_interrupt import BUILD, SCORE, TRAIN, complete
from tests.curriculum.scored import digests

# TRAIN with one epoch and no checkpoint, so that the model is what does not fit.
FINAL = [*TRAIN, "--epochs", "1", "--checkpoint-every", "0"]
PVI = ["score", "data.jsonl", "--metric", "ngram-pvi"]
SUSPECTS = ["suspects", "data.hardness", "-o"]
CHECKPOINT = [*TRAIN, "--epochs", "2"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [
        json.dumps({"text": f"{row} {row * 7919 % 1009} " * 20, "label": row % 2})
        for row in range(200)
    ]
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    return tmp_path


@pytest.mark.parametrize(
    ("needed", "command", "before", "limit"),
    [
        pytest.param([], SCORE, "", 1000, id="score"),
        pytest.param([SCORE], BUILD, "", 2000, id="build, shards"),
        pytest.param([SCORE], BUILD, SPILL, 5000, id="build, spill"),
        pytest.param([SCORE, BUILD], CHECKPOINT, "", 2_000_000, id="train, checkpoint"),
        pytest.param([SCORE, BUILD], FINAL, "", 2_000_000, id="train, model"),
        pytest.param([SCORE, BUILD], [*FINAL, "--log-every", "1"], "", 1500, id="train, metrics"),
        pytest.param([], ["lm", "data.jsonl", "-o", "lm.arpa"], "", 2000, id="lm"),
        pytest.param([PVI], [*SUSPECTS, "x.csv"], "", 2000, id="suspects, CSV"),
        pytest.param([PVI], [*SUSPECTS, "x.jsonl"], "", 2000, id="suspects, JSONL"),
        pytest.param([PVI], [*SUSPECTS, "x.parquet"], "", 1000, id="suspects, Parquet"),
    ],
)
def test_a_full_disk_is_one_line_and_leaves_nothing(
    folder: Path, needed: list[list[str]], command: list[str], before: str, limit: int
) -> None:
    complete(folder, *needed)
    full = hardness(limit, *command, cwd=folder, before=LIMIT_FILES + before)
    assert full.returncode == 2, full.stderr
    message = one_line(full.stderr)
    assert message.startswith("error: ")
    assert "must be writable, got" in message
    assert leftovers(folder) == []
    # What is left is gone on with, and nothing of it is taken for complete.
    again = hardness(*command, cwd=folder)
    assert again.returncode == 0, again.stderr
    assert "already" not in again.stdout


def test_a_build_after_a_full_disk_gives_the_same_bytes(folder: Path) -> None:
    complete(folder, SCORE)
    full = hardness(2000, *BUILD, cwd=folder, before=LIMIT_FILES)
    assert full.returncode == 2
    complete(folder, BUILD, [*BUILD[:-1], "undisturbed"])
    assert digests(folder / "shards") == digests(folder / "undisturbed")


def _without_privileges() -> None:
    """Permissions hold for root, too, in the program that is started next."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "prctl"), reason="needs Linux")
@pytest.mark.parametrize(
    ("needed", "command"),
    [
        pytest.param([], [*SCORE[:-1], "locked"], id="score"),
        pytest.param([], [*SCORE[:-1], "locked/new"], id="score, new folder"),
        pytest.param([SCORE], [*BUILD[:-1], "locked"], id="build"),
        pytest.param([SCORE], [*BUILD[:-1], "locked/new"], id="build, new folder"),
        pytest.param([SCORE, BUILD], ["train", "shards", "-o", "locked"], id="train"),
        pytest.param([], ["lm", "data.jsonl", "-o", "locked/lm.arpa"], id="lm"),
    ],
)
def test_a_folder_that_may_not_be_written_to_is_one_line(
    folder: Path, needed: list[list[str]], command: list[str]
) -> None:
    complete(folder, *needed)
    (folder / "locked").mkdir()
    (folder / "locked").chmod(0o555)
    done = hardness(*command, cwd=folder, preexec_fn=_without_privileges)
    assert done.returncode == 2, done.stderr
    message = one_line(done.stderr)
    assert message.startswith("error: ")
    assert "locked" in message
    assert list((folder / "locked").iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", [["show", "table"], ["metrics"], ["--help"]], ids=" ".join)
def test_output_that_cannot_be_written_is_one_line(folder: Path, command: list[str]) -> None:
    complete(folder, SCORE)
    with open("/dev/full", "w") as full:
        done = hardness(*command, cwd=folder, stdout=full)
    assert done.returncode == 2
    assert one_line(done.stderr).startswith("error: output must be writable, got 'No space left")


def test_a_reader_that_has_gone_is_no_mistake(folder: Path) -> None:
    complete(folder, SCORE)
    reading, writing = os.pipe()
    os.close(reading)
    done = hardness("show", "table", cwd=folder, stdout=writing)
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode != 2


C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}


def test_characters_that_the_terminal_lacks_are_escaped(tmp_path: Path) -> None:
    texts = ["日本 dog " * 40, "a naïve cat", "the dog"]
    lines = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    (tmp_path / "data.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = hardness("score", "data.jsonl", cwd=tmp_path, env=C_LOCALE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "a na\\xefve cat" in done.stdout
    assert "\\u65e5\\u672c dog" in done.stdout
    assert "\\u2026" in done.stdout


def test_a_path_that_the_locale_cannot_express_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "é.jsonl"
    path.write_text('{"text": "the dog"}\n')
    done = hardness("score", path.name, cwd=tmp_path, env=C_LOCALE)
    assert done.returncode == 2
    assert "set LC_ALL=C.UTF-8" in one_line(done.stderr)
