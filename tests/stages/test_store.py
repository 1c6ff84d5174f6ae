"""Stores: what is written is found again, whole or not at all, by the right run."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hardness.errors import HardnessError
from hardness.io.atomic import permission
from hardness.stages import store as store_module
from hardness.stages.store import DiskStore, MemoryStore, open_store
from hardness.stages.work import claimed

VALUES = np.arange(1000, dtype=np.int64)


@pytest.fixture(params=["memory", "disk", "durable"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryStore | DiskStore:
    if request.param == "memory":
        return MemoryStore()
    return DiskStore(tmp_path / "store", durable=request.param == "durable")


def test_arrays_and_columns_are_found_again(store: MemoryStore | DiskStore) -> None:
    column = pa.chunked_array([["a", None], ["ü"]])
    store.put("array", VALUES)
    store.put("none", VALUES[:0])
    store.put_column("column", column)
    np.testing.assert_array_equal(store.get("array", np.int64), VALUES)
    assert store.get("none", np.int64).shape == (0,)
    assert store.get_column("column").equals(column)
    store.put("array", VALUES[:3])
    assert store.get("array", np.int64).tolist() == [0, 1, 2]
    store.delete("array")
    store.delete("array")
    with pytest.raises((KeyError, FileNotFoundError)):
        store.get("array", np.int64)


def test_pieces_are_read_where_they_were_written(store: MemoryStore | DiskStore) -> None:
    store.create("counts", 1000, np.uint32)
    for start in (600, 0, 300):
        store.write("counts", start, np.arange(start, start + 400, dtype=np.uint32))
    piece = np.empty(500, dtype=np.uint32)
    store.read("counts", 250, piece)
    assert piece.tolist() == list(range(250, 750))
    assert store.get("counts", np.uint32).tolist() == list(range(1000))


def test_array_made_again_keeps_what_was_written_into_it(tmp_path: Path) -> None:
    # A worker that was given up may still be routing while the counts are written.
    store = DiskStore(tmp_path)
    store.create("counts", 1000, np.int64)
    store.write("counts", 0, VALUES)
    DiskStore(tmp_path).create("counts", 1000, np.int64)
    np.testing.assert_array_equal(store.get("counts", np.int64), VALUES)


def test_read_past_the_end_is_an_error(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    store.put("array", VALUES)
    with pytest.raises(OSError, match="array ended 8 bytes early"):
        store.read("array", 1, np.empty(1000, dtype=np.int64))


def test_tasks_are_known_to_a_later_run_but_not_sent_to_workers(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    assert not store.resumes
    assert store.result("reading-0") is None
    store.keep_result("reading-0", {"n": 3})
    store.keep_result("reading-1", None)
    later = DiskStore(tmp_path)
    assert later.resumes
    assert later.result("reading-0") == [{"n": 3}]
    assert later.result("reading-1") == [None]
    assert later.result("reading-2") is None
    assert pickle.loads(pickle.dumps(later))._results is None


@pytest.mark.parametrize("cut", range(1, 30, 4))
def test_note_that_was_cut_short_is_not_trusted(tmp_path: Path, cut: int) -> None:
    store = DiskStore(tmp_path)
    store.keep_result("a-0", [1, 2])
    before = (tmp_path / "results.jsonl").read_bytes()
    store.keep_result("a-1", ["some", "thing"])
    whole = (tmp_path / "results.jsonl").read_bytes()
    (tmp_path / "results.jsonl").write_bytes(whole[: min(len(before) + cut, len(whole) - 1)])
    store = DiskStore(tmp_path)
    assert store.result("a-0") == [[1, 2]]
    assert store.result("a-1") is None
    store.keep_result("a-2", 7)
    assert DiskStore(tmp_path).result("a-2") == [7]
    assert DiskStore(tmp_path).result("a-0") == [[1, 2]]


def fill_disk_after(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    """Let raw writes end as on a full disk: a part is written, the next write fails."""
    room = [n_bytes]

    class Full(FileIO):
        def write(self, data: Any) -> int:
            if room[0] == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written = super().write(memoryview(data)[: room[0]])
            room[0] -= written
            return written

    def open_raw(path: Path, mode: str, **options: Any) -> Any:
        return (
            Full(path, mode.replace("b", "")) if options.get("buffering") == 0 else open(path, mode)
        )

    monkeypatch.setattr(store_module, "open", open_raw, raising=False)


FILLING: dict[str, Callable[[DiskStore], None]] = {
    "put": lambda store: store.put("array", VALUES + 1),
    "write": lambda store: store.write("counts", 0, VALUES),
    "keep_result": lambda store: store.keep_result("task-0", 1),
}


@pytest.mark.parametrize("fill", FILLING.values(), ids=FILLING.keys())
def test_full_disk_is_one_message_and_nothing_half_written_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fill: Callable[[DiskStore], None]
) -> None:
    store = DiskStore(tmp_path)
    store.put("array", VALUES)
    store.create("counts", 1000, np.int64)
    message = r"the disk of .* must have room .*, got 'No space left on device'; free some"
    with monkeypatch.context() as patch:
        fill_disk_after(patch, 5)
        with pytest.raises(HardnessError, match=message):
            fill(store)
    assert DiskStore(tmp_path).result("task-0") is None
    np.testing.assert_array_equal(store.get("array", np.int64), VALUES)
    assert not list(tmp_path.glob(".*"))
    store.keep_result("task-0", 1)
    assert DiskStore(tmp_path).result("task-0") == [1]


def test_run_that_has_ended_puts_nothing_in_place(tmp_path: Path) -> None:
    def refuse() -> None:
        raise HardnessError("ended")

    store = DiskStore(tmp_path / "store")
    token = permission.set(refuse)
    try:
        for put in (
            lambda: store.put("a", VALUES),
            lambda: store.put_column("b", pa.chunked_array([[1]])),
        ):
            with pytest.raises(HardnessError, match="ended"):
                put()
    finally:
        permission.reset(token)
    assert list(store.folder.iterdir()) == []
    store.folder.rmdir()
    with pytest.raises(FileNotFoundError):
        store.put("a", VALUES)
    assert not store.folder.exists()


def test_files_go_when_the_run_is_complete_and_stay_when_it_fails(tmp_path: Path) -> None:
    def run(fail: bool) -> list[int] | None:
        with open_store(tmp_path / "work", run="r1", in_memory=False) as store:
            known = store.result("t")
            store.put("array", VALUES)
            store.keep_result("t", 1)
            if fail:
                raise RuntimeError
            return known

    with pytest.raises(RuntimeError):
        run(fail=True)
    assert (tmp_path / "work/r1/array").is_file()
    assert run(fail=False) == [1]
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("in_memory", [False, True])
def test_only_what_other_runs_left_is_removed(tmp_path: Path, in_memory: bool) -> None:
    with claimed(tmp_path / "old", durable=False):
        (tmp_path / "old" / "array").touch()
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "thesis").write_text("all of it")
    (tmp_path / "file").touch()
    with (
        open_store(tmp_path, run="busy", in_memory=False) as busy,
        open_store(tmp_path, run="new", in_memory=in_memory),
    ):
        busy.put("array", VALUES)
        assert not (tmp_path / "old").exists()
        assert (tmp_path / "new").exists() != in_memory
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "users"]
    assert (tmp_path / "users" / "thesis").read_text() == "all of it"


def test_too_little_room_is_told_at_once(tmp_path: Path) -> None:
    with (
        pytest.raises(HardnessError, match=r"work must be on a disk with 10+\.0 GB free .*--work"),
        open_store(tmp_path, run="r", in_memory=False, disk_bytes=10**18),
    ):
        pass


KILLED = """
import os, sys
from pathlib import Path
import numpy as np
from hardness.stages.store import open_store
with open_store(Path(sys.argv[1]), run="r", in_memory=False) as store:
    store.put("array", np.arange(3))
    store.keep_result("t", 1)
    Path(store.folder, ".array.tmp-1-ab").write_bytes(b"half")
    os.kill(os.getpid(), 9)
"""


def test_killed_run_leaves_its_work_to_the_next(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    with open_store(tmp_path, run="r", in_memory=False) as store:
        assert store.result("t") == [1]
        assert isinstance(store, DiskStore)
        assert not list(store.folder.glob("*.tmp-*"))
