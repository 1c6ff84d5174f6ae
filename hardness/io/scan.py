"""One pass over a file of lines: its digest, its records and where to cut it.

A line ends with a newline or with the file. A *blank* line holds only spaces, tabs and carriage
returns. A line is *regular* when it runs from `{` to `}`; a file of regular lines, which most are,
needs no second look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xxhash

from hardness.errors import HardnessError
from hardness.io import storage
from hardness.io.records import Partition

_CHUNK_BYTES = 1 << 18  # chunk and masks stay in a core's second-level cache
_NEWLINE, _OPEN, _CLOSE = ord("\n"), ord("{"), ord("}")
BOM = b"\xef\xbb\xbf"
_BLANK = np.zeros(256, dtype=bool)
_BLANK[[ord(" "), ord("\t"), ord("\r")]] = True


@dataclass(frozen=True, kw_only=True)
class Span:
    """A range of whole lines."""

    start: int
    """First byte."""
    stop: int
    """One past the last byte."""
    line: int
    """1-based number of the first line."""
    lines: int
    """Lines, blank ones included."""
    regular: bool
    """Every line is regular."""


def scan_lines(path: str, name: str, target: int) -> tuple[list[Span], str]:
    """Cut a file into spans of at least `target` bytes (the last may be shorter).

    Args:
        path: the file.
        name: what messages call it.
        target: bytes; a span ends at the first newline at or after this many.

    Returns:
        The spans, which cover the file except for a byte order mark, and its xxh3-128.

    Raises:
        HardnessError: the file is UTF-16.
    """
    scanner = _Scanner(target)
    digest = xxhash.xxh3_128()
    for block in storage.blocks(path, _CHUNK_BYTES):
        if scanner.position == 0:
            scanner.begin(bytes(block[:3]), name)
        digest.update(block)
        scanner.feed(np.frombuffer(block, np.uint8))
    return scanner.finish(), digest.hexdigest()


class _Scanner:
    """Counts newlines, and newlines after `}` and before `{`, span by span."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.spans: list[Span] = []
        self.position = 0
        self.start = 0
        self.line = 1
        self.previous = _NEWLINE
        self.lines = self.opened = self.closed = 0
        self.equal = np.empty(_CHUNK_BYTES, dtype=bool)
        self.newline = np.empty(_CHUNK_BYTES, dtype=bool)

    def begin(self, head: bytes, name: str) -> None:
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise HardnessError(
                f"{name} must be UTF-8, got UTF-16; convert it, for example with "
                "iconv -f UTF-16 -t UTF-8"
            )
        self.start = len(BOM) if head == BOM else 0

    def feed(self, chunk: np.ndarray) -> None:
        if self.position == 0 and self.start:
            chunk, self.position = chunk[self.start :], self.start
        while chunk.size:
            cut = self._cut(chunk)
            self._count(chunk[:cut])
            if cut < chunk.size or self._full():
                self._close_span()
            chunk = chunk[cut:]

    def _full(self) -> bool:
        return self.previous == _NEWLINE and self.position - self.start >= self.target

    def _cut(self, chunk: np.ndarray) -> int:
        # The first byte whose newline may end the span; most chunks are far from it.
        first = max(0, self.start + self.target - 1 - self.position)
        if first >= chunk.size:
            return chunk.size
        found = chunk[first:].tobytes().find(b"\n")
        return chunk.size if found < 0 else first + found + 1

    def _count(self, chunk: np.ndarray) -> None:
        size = chunk.size
        newline = np.equal(chunk, _NEWLINE, out=self.newline[:size])
        equal = self.equal[: size - 1]
        self.lines += int(np.count_nonzero(newline))
        np.equal(chunk[1:], _OPEN, out=equal)
        equal &= newline[:-1]
        self.opened += int(np.count_nonzero(equal))
        np.equal(chunk[:-1], _CLOSE, out=equal)
        equal &= newline[1:]
        self.closed += int(np.count_nonzero(equal))
        self.opened += int(self.previous == _NEWLINE and chunk[0] == _OPEN)
        self.closed += int(self.previous == _CLOSE and chunk[0] == _NEWLINE)
        self.previous = int(chunk[-1])
        self.position += size

    def _close_span(self) -> None:
        self.spans.append(
            Span(
                start=self.start,
                stop=self.position,
                line=self.line,
                lines=self.lines,
                regular=self.lines == self.opened == self.closed,
            )
        )
        self.start = self.position
        self.line += self.lines
        self.lines = self.opened = self.closed = 0

    def finish(self) -> list[Span]:
        if self.position > self.start:
            if self.previous != _NEWLINE:
                self.lines += 1
                self.closed += int(self.previous == _CLOSE)
            self._close_span()
        return self.spans


def line_bounds(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """First byte and one past the last of each line, newline excluded: two int64[lines]."""
    array = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(array == _NEWLINE)
    if array.size and array[-1] != _NEWLINE:
        ends = np.append(ends, array.size)
    starts = np.zeros_like(ends)
    starts[1:] = ends[:-1] + 1
    return starts, ends


def one_line(path: str, part: Partition, row: int) -> Partition:
    """The one row of a partition in which every line is a record."""
    starts, ends = line_bounds(storage.read_range(path, part.start, part.stop))
    position = row - part.start_row
    return replace(
        part,
        start_row=row,
        rows=1,
        start=part.start + int(starts[position]),
        stop=min(part.start + int(ends[position]) + 1, part.stop),
        line=part.line + position,
    )


def trim(data: bytes, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bounds without spaces, tabs and carriage returns around; start == end when blank."""
    blank = _BLANK[np.frombuffer(data, np.uint8)] if data else np.zeros(0, dtype=bool)
    starts, ends = starts.copy(), ends.copy()
    live = np.flatnonzero(starts < ends)
    while live.size:
        live = live[blank[ends[live] - 1]]
        ends[live] -= 1
        live = live[starts[live] < ends[live]]
    live = np.flatnonzero(starts < ends)
    while live.size:
        live = live[blank[starts[live]]]
        starts[live] += 1
        live = live[starts[live] < ends[live]]
    return starts, ends
