"""Score texts under a KenLM model in parallel."""

from __future__ import annotations

import errno
import os
import queue
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from hardness.errors import HardnessError
from hardness.ngram import kenlm_worker
from hardness.ngram.kenlm_worker import Answerer, receive, send


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What KenLM says of n records.

    Attributes:
        log10: float64 (n,), log10 probability of all tokens and `</s>`.
        n_tokens: int64 (n,), without `</s>`.
        n_oov: int64 (n,), tokens that are not in the model's vocabulary.
    """

    log10: np.ndarray
    n_tokens: np.ndarray
    n_oov: np.ndarray


class Scorer(Protocol):
    """Scores spelled records."""

    def score(self, data: np.ndarray, starts: np.ndarray) -> Scores:
        """Score records.

        Args:
            data: uint8, tokens each followed by one space.
            starts: int64 (n + 1,), see `hardness.ngram.spell.Spelled`.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class LocalScorer:
    """Scores in the process at hand, one text at a time; can be sent to workers.

    Attributes:
        path: of an ARPA or binary file; loaded at the first use in each process.
    """

    path: str

    def score(self, data: np.ndarray, starts: np.ndarray) -> Scores:
        return _scores(_loaded(self.path).answer(_request(data, starts)), len(starts) - 1)


class PoolScorer:
    """Scores in several processes that share one copy of the model; see `open_pool`."""

    def __init__(self, connections: list[socket.socket]) -> None:
        self._idle: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        for connection in connections:
            self._idle.put(connection)

    def score(self, data: np.ndarray, starts: np.ndarray) -> Scores:
        connection = self._idle.get()
        try:
            send(connection, _request(data, starts))
            answer = receive(connection)
        except ConnectionError:
            answer = None
        finally:
            self._idle.put(connection)
        if answer is None:
            raise RuntimeError("a kenlm process ended while it was scoring")
        return _scores(answer, len(starts) - 1)


@contextmanager
def open_pool(path: Path, n_processes: int) -> Iterator[PoolScorer]:
    """Load a model and stand ready to score under it.

    Args:
        path: of an ARPA or binary file.
        n_processes: how many texts are scored at a time, at least 1.

    Raises:
        HardnessError: there is no such file, kenlm cannot load it, or is not installed.
    """
    check_kenlm()
    check_model(path)
    with ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(n_processes)]
        ours, theirs = [left for left, _ in pairs], [right for _, right in pairs]
        descriptors = [right.fileno() for right in theirs]
        # -P: the folder of the script must not hide the standard library.
        command = [sys.executable, "-P", kenlm_worker.__file__, str(path)]
        # Entered first, so that it is waited for last: it ends when the sockets are closed.
        process = stack.enter_context(
            subprocess.Popen(
                [*command, *map(str, descriptors)],
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        for connection in ours:
            stack.enter_context(connection)
        for connection in theirs:
            connection.close()
        reason = receive(ours[0])
        if reason is None:
            raise _unloadable(path, f"the process ended with exit code {process.wait()}")
        if reason:
            raise _unloadable(path, reason.decode())
        yield PoolScorer(ours)


def check_kenlm() -> None:
    """Raises HardnessError if there is no kenlm to query a model with."""
    if find_spec("kenlm") is None:
        raise HardnessError(
            "kenlm must be installed to query a model, got no such package; "
            "pip install 'hardness[kenlm]'"
        )


def check_model(path: Path) -> None:
    """Raises HardnessError if there is no such file."""
    if not path.is_file():
        raise HardnessError(
            f"model must be an ARPA or KenLM binary file, got {path}, which is none; "
            "make one with hardness lm"
        )


def _unloadable(path: Path, reason: str) -> HardnessError:
    return HardnessError(
        f"model must be an ARPA or binary file that kenlm loads, got {path} ({reason}); "
        "make it again with hardness lm"
    )


@lru_cache(maxsize=1)
def _loaded(path: str) -> Answerer:
    check_kenlm()
    if not Path(path).is_file():
        # There is one where the run was started; which file is missing where is told there.
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    try:
        return Answerer(path)
    except (OSError, RuntimeError) as error:
        raise _unloadable(Path(path), " ".join(str(error).split())) from error


def _request(data: np.ndarray, starts: np.ndarray) -> bytes:
    head = np.array([len(starts) - 1], dtype=np.int64)
    return b"".join([head.tobytes(), starts.astype(np.int64).tobytes(), data.tobytes()])


def _scores(answer: bytes, n: int) -> Scores:
    counts = np.frombuffer(answer, dtype=np.int64)
    return Scores(
        log10=np.frombuffer(answer, dtype=np.float64, count=n),
        n_tokens=counts[n : 2 * n],
        n_oov=counts[2 * n : 3 * n],
    )
