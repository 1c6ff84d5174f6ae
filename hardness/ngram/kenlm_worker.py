"""Query a KenLM model in processes of their own, because the kenlm package holds Python's lock.

    python kenlm_worker.py MODEL SOCKET...

loads the model once, says over the first socket how that went, and forks one process for each
socket, which share the model's memory. Each answers until its socket is closed. This module is all
that those processes import beside kenlm, so that they start fast and fork with no thread running.

A message is its length as int64, then its bytes. A request is the number of records n, their
n + 1 starts (int64 each) in the text, and the text: tokens, each followed by a space. An answer is,
for each record, the log10 probability (float64), then for each the number of tokens, then for each
the number of those that the model does not know (int64).
"""

from __future__ import annotations

import os
import socket
import sys
from array import array
from itertools import pairwise
from typing import Any

_REMEMBERED = 1 << 20
"""Words whose being known is remembered; then it begins anew, so that memory stays bounded."""


class _Unknown(dict[bytes, bool]):
    """Whether a word is unknown to the model, asked once a word."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __missing__(self, word: bytes) -> bool:
        if len(self) >= _REMEMBERED:
            self.clear()
        unknown = self[word] = word not in self._model
        return unknown


class Answerer:
    """Answers requests from one model.

    Args:
        path: of an ARPA or binary file.

    Raises:
        OSError: kenlm cannot load it.
    """

    def __init__(self, path: str) -> None:
        import kenlm

        config = kenlm.Config()
        config.show_progress = False
        config.arpa_complain = kenlm.ARPALoadComplain.NONE
        self._model = kenlm.Model(path, config)
        self._unknown = _Unknown(self._model)

    def answer(self, request: bytes) -> bytes:
        """See the module's docstring."""
        (n,) = array("q", request[:8])
        starts = array("q", request[8 : 8 * (n + 2)])
        text = request[8 * (n + 2) :]
        lines = [text[a:b] for a, b in pairwise(starts)]
        words = [line.split() for line in lines]
        unknown = self._unknown.__getitem__
        parts = (
            array("d", map(self._model.score, lines)),
            array("q", map(len, words)),
            array("q", [sum(map(unknown, of_line)) for of_line in words]),
        )
        return b"".join(part.tobytes() for part in parts)


def send(connection: socket.socket, message: bytes) -> None:
    """Send one message."""
    connection.sendall(array("q", [len(message)]).tobytes())
    connection.sendall(message)


def receive(connection: socket.socket) -> bytes | None:
    """Receive one message; None where the other side is gone."""
    header = _exactly(connection, 8)
    return None if header is None else _exactly(connection, array("q", header)[0])


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    out = bytearray(size)
    view = memoryview(out)
    while view:
        n_read = connection.recv_into(view)
        if n_read == 0:
            return None
        view = view[n_read:]
    return bytes(out)


def main(path: str, descriptors: list[int]) -> None:
    """Load the model and serve every socket from a process of its own."""
    connections = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    try:
        answerer = Answerer(path)
    except (OSError, RuntimeError, ImportError) as error:
        send(connections[0], " ".join(str(error).split()).encode() or b"no reason")
        return
    send(connections[0], b"")
    for connection in connections:
        if os.fork() == 0:
            for other in connections:
                if other is not connection:
                    other.close()
            while (request := receive(connection)) is not None:
                send(connection, answerer.answer(request))
            os._exit(0)
    for connection in connections:
        connection.close()
    for _ in connections:
        os.wait()


if __name__ == "__main__":
    main(sys.argv[1], [int(text) for text in sys.argv[2:]])
