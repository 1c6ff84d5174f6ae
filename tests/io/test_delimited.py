"""Reading CSV and TSV."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.errors import HardnessError
from hardness.io import delimited
from hardness.io.dataset import open_dataset
from tests.io.helpers import read_all, texts_of, write

_FIELDS = st.sampled_from(["", "a", "é", "x,y", 'say "hi"', "two\nlines", "two\r\nlines", " ", "7"])


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(_FIELDS, _FIELDS), min_size=1, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    delimiter=st.sampled_from([",", "\t"]),
)
def test_what_is_written_is_read(
    rows: list[tuple[str, str]], end: str, quoting: Any, delimiter: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, quoting=quoting, delimiter=delimiter)
    writer.writerows([("text", "x"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), "a.csv" if delimiter == "," else "a.tsv", out.getvalue())
        with open_dataset(path, partition_bytes=1) as dataset:
            texts, found_rows, _ = texts_of(dataset)
    assert texts == [row[0] or None for row in rows]
    assert found_rows == list(range(len(rows)))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-2", ""], [1, -2, None]),
        (["1", "2.5"], [1.0, 2.5]),
        (["1e3", "2"], [1000.0, 2.0]),
        (["true", "False"], [True, False]),
        (["1", "q"], ["1", "q"]),
        (["true", "1"], ["true", "1"]),
        (["007", "1"], ["007", "1"]),
        (["00.5", "1"], ["00.5", "1"]),
        (["9223372036854775808", "1"], ["9223372036854775808", "1"]),
        (["", ""], [None, None]),
        (["2020-01-01", "2021-01-01"], ["2020-01-01", "2021-01-01"]),
    ],
    ids=[
        "int",
        "float",
        "exponent",
        "bool",
        "mixed",
        "bool-int",
        "padded",
        "padded-float",
        "wide",
        "null",
        "date",
    ],
)
@pytest.mark.parametrize("padding", [0, 5000], ids=["one-block", "later-block"])
def test_a_columns_kind_is_decided_over_the_whole_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    values: list[str],
    expected: list[Any],
    padding: int,
) -> None:
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 1 << 10)
    lines = [*(f"t,{values[0]}" for _ in range(padding)), *(f"t,{value}" for value in values)]
    path = write(tmp_path, "a.csv", "\n".join(["text,x", *lines]))
    assert [record["x"] for record in read_all(path)][padding:] == expected


def test_a_text_column_of_digits_is_text(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "text,label\n1,1\n2,2\n")
    with open_dataset(path) as dataset:
        assert texts_of(dataset)[0] == ["1", "2"]
        assert dataset.kinds == {"text": "string", "label": "integer"}
        assert dataset.read(dataset.partitions[0], ["label"]).table.to_pydict() == {"label": [1, 2]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"only", "1 fields where the header has 2"),
        (b"a,b,c", "3 fields where the header has 2"),
        (b"ca\xff,1", "invalid UTF-8 at byte 3"),
    ],
    ids=["few", "many", "utf8"],
)
@pytest.mark.parametrize(
    ("name", "compress"),
    [("a.csv", bytes), ("a.csv.gz", gzip.compress), ("a.csv.zst", zstandard.compress)],
    ids=["plain", "gz", "zst"],
)
def test_a_bad_record_is_named_or_skipped(
    tmp_path: Path, line: bytes, reason: str, name: str, compress: Callable[[bytes], bytes]
) -> None:
    data = b'text,label\n"two\nlines",1\n\n' + line + b"\nend,2\n"
    path = write(tmp_path, name, compress(data))
    with pytest.raises(HardnessError) as caught:
        open_dataset(path)
    assert str(caught.value).startswith(f"{path} line 5 must be a good record, got {reason}; mend")
    with open_dataset(path, on_error="skip", partition_bytes=1) as dataset:
        texts, rows, (reject,) = texts_of(dataset)
        assert dataset.rows == 3
    assert (texts, rows) == (["two\nlines", "end"], [0, 2])
    assert (reject.file, reject.line, reject.row) == (path, 5, 1)
    assert reject.record == line.decode("utf-8", "backslashreplace")


def test_rejects_of_a_later_file_have_global_rows(tmp_path: Path) -> None:
    first = write(tmp_path, "a.csv", "text\none\ntwo\n")
    second = write(tmp_path, "b.csv", "text\nthree\nfour,five\nsix\n")
    with open_dataset([first, second], on_error="skip") as dataset:
        texts, rows, (reject,) = texts_of(dataset)
    assert (texts, rows) == (["one", "two", "three", "six"], [0, 1, 2, 4])
    assert (reject.file, reject.line, reject.row) == (second, 3, 3)


def test_a_quote_left_open_does_not_swallow_the_rest(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'x,text\n1,one\n2,"two\n3,three\n')
    with pytest.raises(HardnessError, match=r"line 3 must be .*, got a quote that is never closed"):
        open_dataset(path)


def test_a_single_quote_inside_a_field_is_a_character(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'text,x\n5" pipe,1\n')
    assert read_all(path) == [{"text": '5" pipe', "x": 1}]


def test_a_field_longer_than_a_block_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 64)
    path = write(tmp_path, "a.csv", f"text,x\n{'y' * 200_000},1\n")
    assert read_all(path) == [{"text": "y" * 200_000, "x": 1}]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"a\.csv must begin with a header line, got nothing"),
        (b"text,x,text\n", r"a\.csv line 1 must name each column once, got 'text' twice"),
        (b"te\xffxt\n", r"a\.csv line 1 must be UTF-8"),
        (b"text\n", "data must hold at least one record, got none"),
        (
            b"text;x\na dog, a cat;1\n",
            r"a\.csv line 2 .* 2 fields where the header has 1 \(separated by ';', it seems, where",
        ),
        (b"text;x\na dog;1\n", r"'text;x' \(one column: commas separate those of a \.csv"),
        (b"body,x\nb,1\n", "got the string columns 'body'"),
    ],
    ids="empty twice utf8 no-records semicolons-and-commas semicolons no-text".split(),
)
def test_headers_are_checked(tmp_path: Path, data: bytes, message: str) -> None:
    path = write(tmp_path, "a.csv", data)
    with pytest.raises(HardnessError, match=message):
        open_dataset(path)


@pytest.mark.parametrize("data", [b"\xef\xbb\xbftext\na\n", b"text\ra\r"], ids=["bom", "cr"])
def test_marks_and_old_line_ends_are_read(tmp_path: Path, data: bytes) -> None:
    assert read_all(write(tmp_path, "a.csv", data)) == [{"text": "a"}]
