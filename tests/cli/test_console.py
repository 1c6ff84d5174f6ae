"""Progress bars and printed lines, on terminals and in files."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hardness.cli.console import TerminalProgress, make_bars

DRAW = """
import sys, time
from hardness.cli.console import progress, say
with progress() as bars:
    for stage in ("reading", "scoring"):
        say(f"$ {stage} " + "x" * 100)
        bars.start(stage, 4, "records")
        for _ in range(4):
            bars.advance(1)
            time.sleep(0.05)
        print(f"warned of {stage}", file=sys.stderr)
say("done")
"""
PRINTED = [f"$ {stage} " + "x" * 100 for stage in ("reading", "scoring")]
BAR = "━"


def draw(
    folder: Path, *, stdout: bool = True, stderr: bool = True, env: dict[str, str] | None = None
) -> tuple[str, str, str]:
    """What a program that draws bars writes to a terminal of 80 columns, stdout and stderr.

    Args:
        folder: for the files.
        stdout: whether that is the terminal, and not a file.
        stderr: likewise.
        env: variables to add to the environment.
    """
    ours, theirs = pty.openpty()
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", DRAW],
            stdin=subprocess.DEVNULL,
            stdout=theirs if stdout else out,
            stderr=theirs if stderr else err,
            env={**os.environ, "COLUMNS": "80", "LINES": "24", "TERM": "xterm", **(env or {})},
        )
    os.close(theirs)
    shown = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # how Linux tells that the other end is closed
            break
        if not read:
            break
        shown += read
    os.close(ours)
    assert process.wait(timeout=300) == 0
    return shown.decode(), (folder / "out").read_text(), (folder / "err").read_text()


def screen(written: str) -> list[str]:
    """The lines that a terminal without a right margin holds then, but empty last ones."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", written):
        if part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif up := re.fullmatch(r"\x1b\[(\d+)A", part):
            row -= int(up[1])
        elif not part.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return "\n".join(line.rstrip() for line in lines).rstrip("\n").split("\n")


def test_lines_stand_above_the_bars_and_bars_vanish(tmp_path: Path) -> None:
    written, _, _ = draw(tmp_path)
    assert BAR in written
    first, second = PRINTED
    expected = [first, "warned of reading", second, "warned of scoring", "done"]
    assert screen(written) == expected


@pytest.mark.parametrize("env", [{}, {"FORCE_COLOR": "1"}], ids=["plain", "forced colours"])
def test_a_file_of_stdout_holds_the_lines_alone(tmp_path: Path, env: dict[str, str]) -> None:
    written, out, _ = draw(tmp_path, stdout=False, env=env)
    assert BAR in written
    assert out.splitlines() == [*PRINTED, "done"]
    assert screen(written) == ["warned of reading", "warned of scoring"]


@pytest.mark.parametrize("env", [{}, {"FORCE_COLOR": "1"}], ids=["plain", "forced colours"])
@pytest.mark.parametrize("stdout", [True, False], ids=["terminal", "file"])
def test_nothing_is_drawn_where_stderr_is_a_file(
    tmp_path: Path, stdout: bool, env: dict[str, str]
) -> None:
    written, out, err = draw(tmp_path, stdout=stdout, stderr=False, env=env)
    assert BAR not in written + out + err
    assert err.splitlines() == ["warned of reading", "warned of scoring"]
    assert (written if stdout else out).split("\n")[0].rstrip("\r") == PRINTED[0]


def test_bar_of_a_stage_that_is_over_goes_at_once() -> None:
    shown = make_bars()
    bars = TerminalProgress(shown)
    bars.start("writing", 1, "shards")
    bars.advance(1)
    assert [task.description for task in shown.tasks] == ["writing"]
    bars.end()
    bars.advance(1)
    assert not shown.tasks
