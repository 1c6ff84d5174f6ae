"""Interrupted, repeated and conflicting builds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hardness.curriculum import build as build_module
from hardness.curriculum.build import build
from hardness.curriculum.folder import BuildFolder
from hardness.curriculum.route import ShardWriter
from hardness.curriculum.shards import open_shards
from hardness.curriculum.verify import verify
from hardness.errors import HardnessError
from tests.curriculum.scored import digests, records, score, write_jsonl
from tests.paths import local

N = 400
OPTIONS: dict[str, Any] = {"order": "random", "seed": 3, "shard_rows": 50}
DESCENDING: dict[str, Any] = OPTIONS | {"order": "descending"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    data = write_jsonl(tmp_path / "data.jsonl", records(N))
    scores = [float(row % 37) for row in range(N)]
    return local(score(data, tmp_path / "data.hardness", scores).path)


@pytest.fixture
def spilling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "IN_MEMORY_SHARE", 0.0)


def stop_after(monkeypatch: pytest.MonkeyPatch, shards: int) -> None:
    """Let the build fail once it has written this many shards."""
    original = ShardWriter.__call__

    def call(self: ShardWriter, index: int) -> Any:
        if index >= shards:
            raise KeyboardInterrupt
        return original(self, index)

    monkeypatch.setattr(ShardWriter, "__call__", call)


def interrupted(
    table: Path, output: Path, monkeypatch: pytest.MonkeyPatch, shards: int = 3, **options: Any
) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, shards)
        with pytest.raises(KeyboardInterrupt):
            build(table, output=output, threads=1, **(OPTIONS | options))


# One build in a process of its own, told after how many writes it is killed, 0 for never, and how
# many seconds later than that.
SCRIPT = """
import itertools, os, signal, sys, threading
import hardness.curriculum.build as module
from hardness.io import plan
from tests.paths import local
module.IN_MEMORY_SHARE = 0.0
plan._MIN_PARTITION_BYTES = plan._MAX_PARTITION_BYTES = 3000
writes, kill_at = itertools.count(1), int(sys.argv[3])
killing = threading.Timer(float(sys.argv[4]), os.kill, (os.getpid(), signal.SIGKILL))
replace = os.replace
def counted(*arguments):
    replace(*arguments)
    write = next(writes)
    if write == kill_at:
        killing.start()
    if write >= kill_at + 5 and killing.is_alive():  # must not be over before it is killed
        killing.join()
os.replace = counted
module.build(sys.argv[1], output=sys.argv[2], order="random", seed=3, shard_rows=50,
             threads=2)
print(next(writes) - 1)
"""


def in_a_process(
    table: Path, output: Path, *, kill_at: int = 0, delay_s: float = 0.0
) -> subprocess.CompletedProcess[str]:
    arguments = [str(table), str(output), str(kill_at), str(delay_s)]
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
        timeout=300,
    )


def test_killed_at_any_moment_and_repeated_gives_the_same_bytes(
    table: Path, tmp_path: Path
) -> None:
    undisturbed = in_a_process(table, tmp_path / "reference")
    assert undisturbed.returncode == 0
    writes = int(undisturbed.stdout)
    assert writes > 20
    expected = digests(tmp_path / "reference")
    moment = random.Random(5)
    for attempt in range(2):
        output = tmp_path / f"attempt-{attempt}"
        # The second goes on where the first was killed, and has half of the writes or more left.
        for kill_at in (moment.randint(1, writes // 4), moment.randint(1, writes // 4)):
            killed = in_a_process(table, output, kill_at=kill_at, delay_s=moment.uniform(0, 0.005))
            assert killed.returncode == -signal.SIGKILL
            if (output / "manifest.json").exists():
                open_shards(output).verify()
        assert in_a_process(table, output).returncode == 0
        assert digests(output) == expected


# Kills itself when a file is about to take its place, or has just taken it.
KILLED = """
import os, re, signal, sys
import hardness.curriculum.build as module
from hardness.io import plan
module.IN_MEMORY_SHARE = 0.0
plan._MIN_PARTITION_BYTES = plan._MAX_PARTITION_BYTES = 3000
wanted, before = re.compile(sys.argv[3]), sys.argv[4] == "before"
replace = os.replace
def deadly(source, target):
    if not before:
        replace(source, target)
    if wanted.search(str(target)):
        os.kill(os.getpid(), signal.SIGKILL)
    if before:
        replace(source, target)
os.replace = deadly
module.build(sys.argv[1], output=sys.argv[2], order="random", seed=3, shard_rows=50, threads=2)
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "target",
    [
        r"plan\.json$",
        r"part-00000\.spill$",
        r"part-00003\.spill$",
        r"shard-00000\.parquet$",
        r"shard-00000\.parquet\.json$",
        r"shard-00005\.parquet$",
        r"manifest\.json$",
    ],
)
def test_killed_at_a_file_and_repeated_gives_the_same_bytes(
    table: Path, tmp_path: Path, target: str, when: str
) -> None:
    output = tmp_path / "s"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(table), str(output), target, when],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
        timeout=300,
    )
    assert killed.returncode == -signal.SIGKILL
    finished = (target, when) == (r"manifest\.json$", "after")
    if finished:
        assert verify(output, deep=True).intact
    else:
        with pytest.raises(HardnessError, match="did not finish"):
            verify(output)
    assert build(table, output=output, **OPTIONS).cached == finished
    build(table, output=tmp_path / "reference", **OPTIONS)
    assert digests(output) == digests(tmp_path / "reference")
    assert verify(output, deep=True).intact


@pytest.mark.usefixtures("spilling")
def test_a_resumed_build_keeps_what_was_finished(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "s"
    interrupted(table, output, monkeypatch)
    done = sorted(output.glob("shard-*.parquet"))
    times = {path: path.stat().st_mtime_ns for path in done}
    assert len(done) == 3
    with pytest.raises(HardnessError, match="did not finish"):
        open_shards(output)
    spilled = list(output.glob(".build/spill-*/*.spill"))
    assert spilled
    (output / ".shard-00004.parquet.tmp-1-abc").write_bytes(b"left behind")

    result = build(table, output=output, **OPTIONS)

    assert not result.cached
    assert {path: path.stat().st_mtime_ns for path in done} == times
    build(table, output=tmp_path / "reference", **OPTIONS)
    assert digests(output) == digests(tmp_path / "reference")


def test_a_finished_shard_that_was_damaged_meanwhile_is_written_again(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "s"
    interrupted(table, output, monkeypatch)
    path = output / "shard-00001.parquet"
    path.write_bytes(path.read_bytes()[::-1])
    build(table, output=output, **OPTIONS)
    open_shards(output).verify()


def test_a_resumed_build_may_have_another_memory(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "row_group_rows", lambda **_: 16)
    build(table, output=tmp_path / "reference", **OPTIONS)
    monkeypatch.setattr(build_module, "IN_MEMORY_SHARE", 0.0)
    interrupted(table, tmp_path / "s", monkeypatch)
    monkeypatch.setattr(build_module, "arrow_bytes", lambda _: 10**9)
    build(table, output=tmp_path / "s", memory="1MB", **OPTIONS)
    assert digests(tmp_path / "s") == digests(tmp_path / "reference")


def test_killed_after_the_last_shard_only_the_manifest_is_missing(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(build_module, "write_manifest", fail)
        with pytest.raises(KeyboardInterrupt):
            build(table, output=tmp_path / "s", **OPTIONS)
    monkeypatch.setattr(ShardWriter, "__call__", fail)
    assert build(table, output=tmp_path / "s", **OPTIONS).rows == N
    open_shards(tmp_path / "s").verify()


def test_the_same_build_again_finds_it_complete(table: Path, tmp_path: Path) -> None:
    first = build(table, output=tmp_path / "s", **OPTIONS)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "s").iterdir()}
    again = build(table, output=tmp_path / "s", **OPTIONS)
    assert (first.cached, again.cached) == (False, True)
    assert again.manifest == first.manifest
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "s").iterdir()} == before


def test_the_same_build_again_mends_a_lost_shard(table: Path, tmp_path: Path) -> None:
    build(table, output=tmp_path / "s", **OPTIONS)
    before = digests(tmp_path / "s")
    (tmp_path / "s" / "shard-00002.parquet").unlink()
    assert not build(table, output=tmp_path / "s", **OPTIONS).cached
    assert digests(tmp_path / "s") == before


def test_the_same_build_again_mends_an_altered_shard(table: Path, tmp_path: Path) -> None:
    build(table, output=tmp_path / "s", **OPTIONS)
    before = digests(tmp_path / "s")
    path = tmp_path / "s" / "shard-00002.parquet"
    altered = bytearray(path.read_bytes())
    altered[100] ^= 1  # the size stays
    path.write_bytes(altered)
    assert not build(table, output=tmp_path / "s", **OPTIONS).cached
    assert digests(tmp_path / "s") == before


def test_overwrite_builds_again_what_is_complete(table: Path, tmp_path: Path) -> None:
    build(table, output=tmp_path / "s", **OPTIONS)
    before = digests(tmp_path / "s")
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "s").iterdir()}
    assert not build(table, output=tmp_path / "s", overwrite=True, **OPTIONS).cached
    assert digests(tmp_path / "s") == before
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "s").iterdir()}
    assert all(after[name] > times[name] for name in times)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"order": "ascending"}, "curriculum.order: 'random', now 'ascending'"),
        ({"seed": 4}, "seed: 3, now 4"),
        ({"shard_rows": 60}, "shard_rows: 50, now 60"),
        ({"normalize": "zscore"}, "curriculum.normalize: 'rank', now 'zscore'"),
        ({"weighting": "s-loss"}, "weighting.name: None, now 's-loss'"),
    ],
    ids=["order", "seed", "shard-rows", "normalize", "weighting"],
)
def test_another_build_in_the_folder_is_refused(
    table: Path, tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    output = tmp_path / "s"
    build(table, output=output, **OPTIONS)
    before = digests(output)
    with pytest.raises(HardnessError, match=f"got .* built with .*{named}; choose .* --overwrite"):
        build(table, output=output, **(OPTIONS | change))
    assert digests(output) == before
    build(table, output=output, overwrite=True, **(OPTIONS | change))
    build(table, output=tmp_path / "reference", **(OPTIONS | change))
    assert digests(output) == digests(tmp_path / "reference")


def test_other_scores_of_the_same_name_are_another_build(table: Path, tmp_path: Path) -> None:
    build(table, output=tmp_path / "s", **OPTIONS)
    data = tmp_path / "data.jsonl"
    other = score(data, tmp_path / "other.hardness", [float(row % 5) for row in range(N)])
    with pytest.raises(HardnessError, match=r"built with metric.digest: '\w+', now '\w+';"):
        build(other.path, output=tmp_path / "s", **OPTIONS)


def test_moving_the_table_and_the_data_keeps_the_build(table: Path, tmp_path: Path) -> None:
    build(table, output=tmp_path / "s", **OPTIONS)
    moved = tmp_path / "moved"
    moved.mkdir()
    (tmp_path / "data.jsonl").rename(moved / "data.jsonl")
    table.rename(moved / table.name)
    assert build(moved / table.name, output=tmp_path / "s", **OPTIONS).cached


def test_what_an_interrupted_build_with_other_options_left_is_cleaned_away(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "s"
    interrupted(table, output, monkeypatch, shards=7, shard_rows=40)
    (output / ".shard-00008.parquet.tmp-1-abc").write_bytes(b"left behind")
    build(table, output=output, **OPTIONS)
    build(table, output=tmp_path / "reference", **OPTIONS)
    assert digests(output) == digests(tmp_path / "reference")


def test_an_interrupted_overwrite_can_be_resumed(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "s"
    build(table, output=output, **OPTIONS)
    interrupted(table, output, monkeypatch, shards=2, overwrite=True, order="descending")
    build(table, output=output, **DESCENDING)
    build(table, output=tmp_path / "reference", **DESCENDING)
    assert digests(output) == digests(tmp_path / "reference")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_other_files_is_left_alone(
    table: Path, tmp_path: Path, overwrite: bool
) -> None:
    output = tmp_path / "s"
    output.mkdir()
    (output / "shard-00000.parquet").write_bytes(b"mine")
    with pytest.raises(HardnessError, match=r"new or empty folder, got .* 'shard-00000.parquet'"):
        build(table, output=output, overwrite=overwrite, **OPTIONS)
    assert (output / "shard-00000.parquet").read_bytes() == b"mine"


def test_an_output_that_is_a_file_is_refused(table: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HardnessError, match="output must be a folder that can be made"):
        build(table, output=tmp_path / "file", **OPTIONS)


def test_two_builds_do_not_write_the_same_folder_at_once(table: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with (
        BuildFolder(tmp_path / "s").locked(),
        pytest.raises(HardnessError, match="in use by another build"),
    ):
        build(table, output=tmp_path / "s", **OPTIONS)
    assert build(table, output=tmp_path / "s", **OPTIONS).rows == N
