"""Folders of plain copies go with their process, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hardness.io import staging
from hardness.io.staging import make_staging, remove_staging

STAGE = """
import sys
from hardness.io.staging import make_staging
print(make_staging(sys.argv[1]), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_YOUNG_SECONDS", -1)


def test_what_a_killed_process_left_is_removed_and_what_a_live_one_has_is_not(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", STAGE, str(tmp_path)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None
        theirs = Path(process.stdout.readline().strip())
        own = make_staging(tmp_path)
        other = make_staging(tmp_path)
        assert theirs.is_dir()
        process.send_signal(signal.SIGKILL)
    assert theirs.is_dir()
    remove_staging(other)
    last = make_staging(tmp_path)
    assert sorted(map(str, tmp_path.iterdir())) == sorted([own, last])


@pytest.mark.parametrize("kept", ["young", "of another machine", "without a mark"])
def test_folders_that_may_be_in_use_or_are_no_staging_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    folder = tmp_path / "hardness-abc"
    folder.mkdir()
    if kept != "without a mark":
        host = "elsewhere" if kept == "of another machine" else socket.gethostname()
        (folder / "hardness-staging").write_text(host)
    if kept == "young":
        monkeypatch.setattr(staging, "_YOUNG_SECONDS", 60)
    make_staging(tmp_path)
    assert folder.is_dir()


def test_it_lies_where_asked_or_with_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = make_staging(None)
    assert os.path.dirname(folder) == str(tmp_path)
    remove_staging(folder)
    assert not os.path.exists(folder)
    assert Path(make_staging(tmp_path / "new" / "one")).parent == tmp_path / "new" / "one"
