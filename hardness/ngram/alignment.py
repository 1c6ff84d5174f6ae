"""How well texts and targets compress together, in a process of its own.

    python alignment.py

answers over its standard input and output: zlib lets go of Python's lock for each of its short
calls, which makes threads that compress many short texts slower than a single one. This module is
all that such a process imports, so that it starts fast.

A message is its length as int64, then its bytes. It holds the number of texts n, their n + 1 starts
(int64 each), and the texts. The first message holds the targets; every other one holds texts, and
is answered by their alignments (float64 each). The end of the input ends the process.
"""

from __future__ import annotations

import subprocess
import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from typing import IO

_LEVEL = 9
"""That of Python's gzip."""
_BARE = -15
"""zlib's window bits for the bare deflate stream."""


def deflated(text: bytes) -> int:
    """Bytes of a deflate stream of a text, without gzip's 18 of header and checksum."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _BARE)
    return len(compressor.compress(text)) + len(compressor.flush())


def alignments(texts: Sequence[bytes], targets: Sequence[bytes]) -> array[float]:
    """How alike texts and targets are: the mean over targets y of 1 - NCD(x, y).

        NCD(x, y) = (C(xy) - min(C(x), C(y))) / max(C(x), C(y))

    C is the size of the deflated text, and xy one text after the other.

    Args:
        texts: n, none of them empty.
        targets: at least one, none of them empty.

    Returns:
        float64 (n,), at most about 1, higher is more alike.

    Source: Obbad et al. 2024, ZIP-FIT: Embedding-Free Data Selection via Compression-Based
    Alignment, section 3; without gzip's header, which says nothing of the text.
    """
    sizes = [deflated(target) for target in targets]
    found = array("d")
    for text in texts:
        own = deflated(text)
        total = 0.0
        for target, size in zip(targets, sizes, strict=True):
            shared = deflated(text + target) - min(own, size)
            total += 1 - shared / max(own, size)
        found.append(total / len(targets))
    return found


class Aligner:
    """Asks a process for alignments; see `open_aligner`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._requests, self._answers = process.stdin, process.stdout

    def align(self, texts: Sequence[bytes]) -> array[float]:
        """See `alignments`."""
        _send(self._requests, _packed(texts))
        answer = _receive(self._answers)
        if answer is None:
            raise RuntimeError("a process ended while it was compressing")
        return array("d", answer)


@contextmanager
def open_aligner(targets: Sequence[bytes]) -> Iterator[Aligner]:
    """A process that compares texts with targets.

    Args:
        targets: at least one, none of them empty.
    """
    # -P: the folder of the script must not hide the standard library.
    command = [sys.executable, "-P", __file__]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        _send(process.stdin, _packed(targets))
        yield Aligner(process)


def _packed(texts: Sequence[bytes]) -> bytes:
    starts = array("q", accumulate(map(len, texts), initial=0))
    return b"".join([array("q", [len(texts)]).tobytes(), starts.tobytes(), *texts])


def _unpacked(message: bytes) -> list[bytes]:
    (n,) = array("q", message[:8])
    starts = array("q", message[8 : 8 * (n + 2)])
    text = message[8 * (n + 2) :]
    return [text[a:b] for a, b in pairwise(starts)]


def _send(stream: IO[bytes], message: bytes) -> None:
    stream.write(array("q", [len(message)]).tobytes())
    stream.write(message)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """One message; None where the other side is gone."""
    header = stream.read(8)
    if len(header) < 8:
        return None
    (size,) = array("q", header)
    message = stream.read(size)
    return message if len(message) == size else None


def main() -> None:
    """Answer until the input ends."""
    message = _receive(sys.stdin.buffer)
    targets = [] if message is None else _unpacked(message)
    while (message := _receive(sys.stdin.buffer)) is not None:
        _send(sys.stdout.buffer, alignments(_unpacked(message), targets).tobytes())


if __name__ == "__main__":
    main()
