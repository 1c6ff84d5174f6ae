"""The folder of intermediate files: one run at a time, and trusted when it may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardness.errors import HardnessError
from hardness.stages import work
from hardness.stages.work import alone, claimed, remove_unclaimed


def write_one(folder: Path, *, durable: bool = False) -> bool:
    """Claim, see whether the file of a former run is there, and leave one."""
    with claimed(folder, durable=durable):
        found = (folder / "file").exists()
        (folder / "file").touch()
    return found


def restart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.write_text(f"{start.read_text() if start.exists() else ''}x")
    monkeypatch.setattr(work, "_START", start)


def test_run_under_way_keeps_others_out(tmp_path: Path) -> None:
    with claimed(tmp_path, durable=False):
        with (
            pytest.raises(HardnessError, match=r"work must be free, got .* in use by another run"),
            claimed(tmp_path, durable=False),
        ):
            pass
        remove_unclaimed(tmp_path)
        assert tmp_path.exists()
    remove_unclaimed(tmp_path)
    assert not tmp_path.exists()


def test_one_run_writes_to_a_folder_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path / "new"):
        message = r"output must be free, got '.*new' in use by another run; wait for it, or name an"
        with pytest.raises(HardnessError, match=message), alone(tmp_path / "new"):
            pass
        with alone(tmp_path / "other"):
            pass
    with alone(tmp_path / "new"):
        pass


def test_nothing_is_trusted_after_the_machine_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restart(monkeypatch, tmp_path)
    folder = tmp_path / "work"
    assert [write_one(folder), write_one(folder)] == [False, True]
    restart(monkeypatch, tmp_path)
    assert [write_one(folder), write_one(folder)] == [False, True]


def test_flushed_files_outlive_the_machine_unless_others_joined_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restart(monkeypatch, tmp_path)
    folder = tmp_path / "work"
    write_one(folder, durable=True)
    restart(monkeypatch, tmp_path)
    assert write_one(folder, durable=False)
    assert write_one(folder, durable=True)
    restart(monkeypatch, tmp_path)
    assert not write_one(folder, durable=True)


def test_files_are_flushed_where_starts_have_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_START", tmp_path / "absent")
    with claimed(tmp_path / "work", durable=False) as durable:
        assert durable
    assert write_one(tmp_path / "work") is False
    assert write_one(tmp_path / "work")


def test_folder_of_another_kind_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    remove_unclaimed(tmp_path)
    remove_unclaimed(tmp_path / "file")
    remove_unclaimed(tmp_path / "absent")
    assert (tmp_path / "file").exists()
