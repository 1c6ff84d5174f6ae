"""Reading text, one record a line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.errors import HardnessError
from hardness.io.dataset import open_dataset
from tests.io.helpers import read_all, records_of, texts_of, write

_LINES = st.sampled_from(["", " ", "one", "é😀", "\t", "a\rb", "{", "\u2028", "x\0y"])


@settings(max_examples=200, deadline=None)
@given(
    lines=st.lists(_LINES, min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    closed=st.booleans(),
)
def test_every_line_is_a_record_whatever_the_partitions(
    lines: list[str], end: str, closed: bool
) -> None:
    if not closed and not lines[-1]:
        lines = [*lines, "last"]
    data = (end.join(lines) + (end if closed else "")).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), "a.txt", data)
        for size in (1, 1 + len(data) // 7, 1 + len(data) // 3, len(data)):
            with open_dataset(path, partition_bytes=size) as dataset:
                texts, rows, rejects = texts_of(dataset)
                assert (texts, rows, rejects) == (lines, list(range(len(lines))), [])
                assert records_of(dataset) == [{"text": line} for line in lines]


def test_a_return_at_the_end_of_the_file_is_a_line_end(tmp_path: Path) -> None:
    assert read_all(write(tmp_path, "a.txt", b"one\r\n\r")) == [{"text": "one"}, {"text": ""}]


def test_lines_that_are_not_utf8_keep_their_rows(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", b"one\n\nca\xff\xc3\r\ntwo\n")
    with (
        open_dataset(path) as dataset,
        pytest.raises(
            HardnessError, match=r"a\.txt line 3 must be .*, got invalid UTF-8 at byte 3"
        ),
    ):
        texts_of(dataset)
    with open_dataset(path, on_error="skip") as dataset:
        texts, rows, (reject,) = texts_of(dataset)
    assert (texts, rows) == (["one", "", "two"], [0, 1, 3])
    assert (reject.line, reject.row, reject.record) == (3, 2, "ca\\xff\\xc3")


def test_text_has_one_column(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "one\n")
    with pytest.raises(HardnessError, match=r"label must be a column of .*, got 'y'"):
        open_dataset(path, label="y")
    with open_dataset(path) as dataset:
        assert dataset.read(dataset.partitions[0], []).rows.tolist() == [0]
