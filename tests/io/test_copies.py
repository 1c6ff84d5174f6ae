"""Local copies of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardness.errors import HardnessError
from hardness.io.copies import local_copies
from hardness.io.storage import locate
from tests.s3 import S3


def test_local_files_are_their_own_copies(tmp_path: Path) -> None:
    paths = [tmp_path / "b", tmp_path / "a"]
    with local_copies(paths) as copies:
        assert copies == paths


def test_remote_files_are_sent_once(s3: S3, bucket: str) -> None:
    urls = [s3.put(f"{bucket}/{n}", b"x" * n) for n in (7, 0, 3, 9, 1, 5)]
    with local_copies([locate(url) for url in urls]) as copies:
        for _ in range(2):
            assert [len(path.read_bytes()) for path in copies] == [7, 0, 3, 9, 1, 5]
        assert [s3.sent(url) for url in urls] == [7, 0, 3, 9, 1, 5]
    assert not any(path.exists() for path in copies)


def test_missing_file_is_told(bucket: str) -> None:
    with (
        pytest.raises(HardnessError, match="data must be readable, got 'no such object'"),
        local_copies([locate(f"{bucket}/a")]),
    ):
        pass
