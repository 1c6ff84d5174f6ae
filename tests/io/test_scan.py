"""Cutting files at newlines."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.errors import HardnessError
from hardness.io import scan
from hardness.io.scan import line_bounds, scan_lines, trim
from tests.io.helpers import write

_PIECES = st.sampled_from(["\n", "{", "}", "\r", " ", "é", "x", "{}\n", "}\n{"])
_CONTENTS = st.lists(_PIECES, max_size=30).map(lambda pieces: "".join(pieces).encode())


def naive_lines(data: bytes) -> list[bytes]:
    """The lines, each with its newline."""
    return [line for line in data.replace(b"\n", b"\n\0").split(b"\0") if line]


@settings(max_examples=300, deadline=None)
@given(data=_CONTENTS, target=st.integers(1, 20), chunk=st.integers(3, 11))
def test_spans_are_whole_lines_of_at_least_the_target(data: bytes, target: int, chunk: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_CHUNK_BYTES", chunk)
        path = write(Path(folder), "a", data)
        spans, digest = scan_lines(path, "a", target)
    assert digest == xxhash.xxh3_128_hexdigest(data)
    assert [span.start for span in spans] == [0, *(span.stop for span in spans[:-1])][: len(spans)]
    assert (spans[-1].stop if spans else 0) == len(data)
    line = 1
    for span in spans:
        own = naive_lines(data[span.start : span.stop])
        assert (span.line, span.lines) == (line, len(own))
        regular = all(x.startswith(b"{") and x.rstrip(b"\n").endswith(b"}") for x in own)
        assert span.regular == regular
        line += len(own)
        # Without its last line the span would be too short, so it is cut as early as may be.
        assert len(b"".join(own[:-1])) < target
        assert span is spans[-1] or span.stop - span.start >= target


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = write(tmp_path, "a", b"\xef\xbb\xbf{}\n{}\n")
    (span,), _ = scan_lines(path, "a", 100)
    assert (span.start, span.stop, span.lines, span.regular) == (3, 9, 2, True)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_named(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "a", "\ufeff{}\n".encode(encoding))
    with pytest.raises(HardnessError, match=r"data\.jsonl must be UTF-8, got UTF-16; convert it"):
        scan_lines(path, "data.jsonl", 100)


@given(data=_CONTENTS)
def test_bounds_are_those_of_split(data: bytes) -> None:
    starts, ends = line_bounds(data)
    found = [data[start:end] for start, end in zip(starts, ends, strict=True)]
    assert found == [line.removesuffix(b"\n") for line in naive_lines(data)]


@given(data=_CONTENTS)
def test_trim_is_strip(data: bytes) -> None:
    bounds = line_bounds(data)
    starts, ends = trim(data, *bounds)
    for start, end, wide_start, wide_end in zip(starts, ends, *bounds, strict=True):
        assert data[start:end] == data[wide_start:wide_end].strip(b" \t\r")
