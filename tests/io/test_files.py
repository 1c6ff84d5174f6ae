"""Finding input files and opening them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from hardness.errors import HardnessError
from hardness.io.files import default_folder, expand, format_of, plain_chunks
from tests.io.helpers import write


def test_paths_keep_their_order_and_globs_are_sorted(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.jsonl", "z.jsonl"):
        write(tmp_path, name, "")
    found = expand([tmp_path / "z.jsonl", str(tmp_path / "[a-c].jsonl")])
    assert [Path(path).name for path in found] == ["z.jsonl", "a.jsonl", "b.jsonl", "c.jsonl"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, "a[1].jsonl", "")
    assert expand(path) == [path]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.jsonl", r"data must be an existing file, got '.*none\.jsonl'; check the path"),
        ("*.jsonl", r"data must match at least one file, got '.*\*\.jsonl'; check the glob"),
        ("", r"data must be files or a folder written by save_to_disk, .*name its files"),
    ],
    ids=["path", "glob", "folder"],
)
def test_paths_that_lead_nowhere_say_so(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        expand(tmp_path / name)


def test_no_path_is_an_error() -> None:
    with pytest.raises(HardnessError, match="data must be one or more files, got none"):
        expand([])


def test_saved_dataset_stands_for_its_files_in_its_order(tmp_path: Path) -> None:
    names = ["data-00001-of-00002.arrow", "data-00000-of-00002.arrow"]
    state = {"_data_files": [{"filename": name} for name in names]}
    write(tmp_path, "state.json", json.dumps(state))
    assert expand(tmp_path) == [str(tmp_path / name) for name in names]


def test_saved_splits_must_be_named(tmp_path: Path) -> None:
    write(tmp_path, "dataset_dict.json", '{"splits": ["train", "test"]}')
    with pytest.raises(HardnessError, match=r"one split, got .*train, test; name one, .*/train'"):
        expand(tmp_path)


def test_saved_dataset_with_an_indices_mapping_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "state.json", '{"_data_files": [], "_indices_files": [{"filename": "i"}]}')
    with pytest.raises(HardnessError, match=r"flatten_indices\(\)"):
        expand(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jsonl", ("jsonl", "")),
        ("a.NDJSON.GZ", ("jsonl", ".gz")),
        ("a.b.json.zst", ("jsonl", ".zst")),
        ("a.txt", ("text", "")),
        ("a.csv.gz", ("csv", ".gz")),
        ("a.tsv", ("tsv", "")),
        ("a.parquet", ("parquet", "")),
        ("a.feather", ("arrow", "")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_format_comes_from_the_name(name: str, expected: tuple[str, str]) -> None:
    assert format_of(name) == expected


@pytest.mark.parametrize("name", ["a", "a.xlsx", "a.parquet.gz", ".gz", "a.gz"])
def test_unknown_endings_are_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(HardnessError, match=r"data must end in \.jsonl, .* got '.*'; rename or"):
        format_of(name)


@pytest.mark.parametrize(
    ("compression", "compress"),
    [("", bytes), (".gz", gzip.compress), (".zst", zstandard.compress)],
    ids=["plain", "gz", "zst"],
)
def test_members_in_a_row_are_one_file(
    tmp_path: Path, compression: str, compress: Callable[[bytes], bytes]
) -> None:
    parts = [b"one\n" * 100_000, b"", b"two\n"]
    path = write(tmp_path, "a", b"".join(compress(part) for part in parts))
    assert b"".join(plain_chunks(path, compression)) == b"".join(parts)


@pytest.mark.parametrize(
    ("compression", "data"),
    [
        (".gz", gzip.compress(b"line\n" * 9999)[:-1]),
        (".zst", zstandard.compress(b"line\n" * 9999)[:-1]),
        (".zst", zstandard.compress(b"line\n") + zstandard.compress(b"line\n")[:5]),
        (".gz", b"not compressed"),
        (".zst", b"not compressed"),
    ],
    ids=["gz-cut", "zst-cut", "zst-second-frame-cut", "gz-other", "zst-other"],
)
def test_cut_or_foreign_compressed_files_are_named(
    tmp_path: Path, compression: str, data: bytes
) -> None:
    path = write(tmp_path, "a", data)
    with pytest.raises(HardnessError, match=rf"a must be a complete \{compression} file, got "):
        list(plain_chunks(path, compression))


def test_default_folder_is_beside_the_data(tmp_path: Path) -> None:
    first = write(tmp_path, "data.jsonl.gz", "")
    assert default_folder(first) == tmp_path / "data.hardness"


def test_default_folder_of_several_files_counts_them(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.jsonl"):
        write(tmp_path, name, "")
    assert default_folder(str(tmp_path / "*.jsonl")) == tmp_path / "a-and-2-more.hardness"


@pytest.mark.parametrize("name", [".", "./", "../corpus"])
def test_default_folder_of_the_saved_dataset_one_is_in_is_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "corpus").mkdir()
    monkeypatch.chdir(tmp_path / "corpus")
    assert Path(os.path.abspath(str(default_folder(name)))) == tmp_path / "corpus.hardness"


def test_default_folder_of_a_saved_dataset_is_beside_it(tmp_path: Path) -> None:
    (tmp_path / "corpus.v1").mkdir()
    assert default_folder(f"{tmp_path}/corpus.v1/") == tmp_path / "corpus.v1.hardness"
