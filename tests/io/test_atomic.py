"""Files are whole or not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardness.errors import HardnessError
from hardness.io.atomic import atomic_path, permission, read_json, write_json, write_parquet


def test_file_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "deep" / "a.txt") as temporary:
        temporary.write_text("new")
        assert temporary.parent == tmp_path / "deep"
        assert temporary.name.startswith(".a.txt.tmp-")
        assert not (tmp_path / "deep" / "a.txt").exists()
    assert (tmp_path / "deep" / "a.txt").read_text() == "new"
    assert os.listdir(tmp_path / "deep") == ["a.txt"]


def test_exception_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")

    def write_half() -> None:
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_full_disk_is_the_users_to_mend(tmp_path: Path) -> None:
    with (
        pytest.raises(HardnessError, match=r"output .*a\.txt must be writable, .*free some space"),
        atomic_path(tmp_path / "a.txt"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_that_has_its_number_in_the_message_alone_is_mended_too(tmp_path: Path) -> None:
    with (
        pytest.raises(HardnessError, match=r"output .*a\.txt must be writable, .*free some space"),
        atomic_path(tmp_path / "a.txt"),
    ):
        raise OSError("No space left on device (os error 28)")  # polars


def test_what_cannot_be_removed_does_not_hide_what_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with (
        pytest.raises(HardnessError, match=r"output \S*/a\.txt must be writable, got 'Read-only"),
        atomic_path(tmp_path / "a.txt") as temporary,
    ):
        refuse(temporary)


def test_other_errors_of_the_system_pass_through(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="broken"), atomic_path(tmp_path / "a.txt"):
        raise OSError(errno.EIO, "broken")


def test_json_keeps_the_order_of_keys_and_ends_with_a_newline(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": "é"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "b": 1,\n  "a": "é"\n}\n'
    assert read_json(tmp_path / "a.json") == {"b": 1, "a": "é"}


def test_json_refuses_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert os.listdir(tmp_path) == []


def test_missing_and_broken_json_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(HardnessError, match=r"a\.json must exist, got nothing"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_text('{"a":')
    with pytest.raises(HardnessError, match=r"a\.json must be a readable JSON file, got "):
        read_json(tmp_path / "a.json")


def test_parquet_bytes_depend_on_the_table_only(tmp_path: Path) -> None:
    table = pa.table({"row": pa.array(range(1000), pa.uint64()), "id": ["x"] * 1000})
    for name in ("a", "b"):
        write_parquet(tmp_path / name, table)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert pq.read_table(tmp_path / "a").equals(table)
    assert pq.read_metadata(tmp_path / "a").row_group(0).column(0).compression == "ZSTD"


def test_parquet_options_win(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a", pa.table({"a": [1, 2, 3]}), row_group_size=1)
    assert pq.read_metadata(tmp_path / "a").num_row_groups == 3


def test_file_that_is_no_longer_wanted_is_not_put_in_place(tmp_path: Path) -> None:
    refused = HardnessError("the run has ended")
    answers = iter([None, refused, refused])

    def refuse() -> None:
        if (answer := next(answers)) is not None:
            raise answer

    path = tmp_path / "file"
    path.write_text("old")
    token = permission.set(refuse)
    try:
        with pytest.raises(HardnessError, match="the run has ended"):
            write_json(path, "new")
        with pytest.raises(HardnessError, match="the run has ended"):
            write_json(tmp_path / "absent" / "file", "new")
    finally:
        permission.reset(token)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
