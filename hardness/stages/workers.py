"""Tasks on the workers of a Dask cluster, in other processes and perhaps on other machines."""

from __future__ import annotations

import secrets
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from distributed import CancelledError, Client, Future, KilledWorker
from distributed.comm.core import CommClosedError
from distributed.protocol.pickle import dumps, loads

import hardness
from hardness.errors import HardnessError
from hardness.io.atomic import full_disk_is_the_users, permission
from hardness.stages.sharing import Mark, not_seen

_AHEAD = 2
"""Tasks handed out for each that can run: enough that no worker waits for its next, and few enough
that neither the scheduler nor this process holds all of a long stage."""
_PATIENCE_SECONDS = 60.0
"""How long to wait for a first or another worker."""
_LOOK_SECONDS = 1.0
"""How often to count the workers."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What the tasks of a stage have in common.

    Attributes:
        function: applied to every item.
        version: of this package, where the run was started.
        marks: of the folders that tasks write to.
    """

    function: Callable[[Any], Any]
    version: str
    marks: tuple[Mark, ...]

    def check(self) -> None:
        """Raises HardnessError if this worker cannot do this work."""
        if hardness.__version__ != self.version:
            raise HardnessError(
                f"workers must run hardness {self.version} as this machine does, got "
                f"{hardness.__version__} on {socket.gethostname()}; install the same version"
            )
        self.check_wanted()

    def check_wanted(self) -> None:
        """Raises HardnessError if the run has ended or this worker sees other folders."""
        for mark in self.marks:
            mark.check()


def call(source: Path | bytes, item: Any) -> Any:
    """One task, on a worker.

    Args:
        source: the pickled work, or the file that holds it.
        item: what the work's function is applied to.

    Raises:
        HardnessError: the user's to mend.
        RuntimeError: anything else, as text: some exceptions do not survive the way to the client,
            which would wait for them forever.
    """
    work = _load(source)
    work.check()
    token = permission.set(work.check_wanted)
    try:
        return work.function(item)
    except Exception as error:
        failure = _for_the_client(error)
    finally:
        permission.reset(token)
    # Here, so that it does not take the original along as its context.
    raise failure


@lru_cache(maxsize=2)
def _load(source: Path | bytes) -> Work:
    if isinstance(source, bytes):
        return loads(source)
    try:
        return loads(source.read_bytes())
    except FileNotFoundError:
        raise not_seen(source.parent) from None


@contextmanager
def _distributed(stage: str, work: Work) -> Iterator[Path | bytes]:
    """Where tasks find their work: a file in a folder that all see, if there is such a folder.

    As a value that tasks depend on, Dask would send them all to the worker that has it; and it may
    be large, so it should not go through the scheduler with every task.
    """
    blob = dumps(work)
    if not work.marks:
        yield blob
        return
    path = work.marks[-1].beside(f"{stage}-{secrets.token_hex(4)}")
    with full_disk_is_the_users(path.parent):
        path.write_bytes(blob)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _for_the_client(error: Exception) -> Exception:
    host = socket.gethostname()
    missing = error.__cause__ if isinstance(error, HardnessError) else error
    if isinstance(missing, FileNotFoundError):
        return HardnessError(
            f"files must be seen by every worker under the same path, got no "
            f"{missing.filename or missing} on {host}; put them on a disk that all machines share, "
            "and temporary ones too with --work"
        )
    if isinstance(error, HardnessError):
        return HardnessError(str(error))
    trace = "".join(traceback.format_exception(error, limit=-20))
    return RuntimeError(f"a task failed on {host}:\n{trace}")


class Workers:
    """A Dask cluster's workers.

    Args:
        client: connected to the cluster's scheduler.

    Raises:
        HardnessError: no worker comes.
    """

    in_process = False

    def __init__(self, client: Client) -> None:
        self._client = client
        self._last_look = self._last_seen = time.monotonic()
        self.tasks_at_a_time = 0
        while not self._look():
            time.sleep(0.05)

    def run(
        self,
        stage: str,
        function: Callable[[Any], Any],
        items: dict[int, Any],
        finished: Callable[[int, Any], None],
        marks: tuple[Mark, ...],
    ) -> None:
        work = Work(function=function, version=hardness.__version__, marks=marks)
        with _distributed(stage, work) as source:
            self._run(f"{stage}-{secrets.token_hex(8)}", source, items, finished)

    def _run(
        self,
        name: str,
        source: Path | bytes,
        items: dict[int, Any],
        finished: Callable[[int, Any], None],
    ) -> None:
        waiting = iter(items.items())
        running: dict[Future, int] = {}
        done: SimpleQueue[Future] = SimpleQueue()
        try:
            while True:
                for index, item in _up_to(_AHEAD * self.tasks_at_a_time - len(running), waiting):
                    future = self._client.submit(call, source, item, key=f"{name}-{index}")
                    running[future] = index
                    future.add_done_callback(done.put)
                if not running:
                    return
                future = self._next(done)
                if future is not None:
                    index = running.pop(future)
                    finished(index, _result(future))
        finally:
            if running:
                # Where the scheduler is gone, nothing is left to cancel.
                with suppress(OSError, CancelledError, TimeoutError):
                    self._client.cancel(list(running))

    def _next(self, done: SimpleQueue[Future]) -> Future | None:
        """A future that is done; None where none is yet, after a look at the workers."""
        if time.monotonic() - self._last_look > _LOOK_SECONDS:
            self._look()
        try:
            return done.get(timeout=_LOOK_SECONDS)
        except Empty:
            return None

    def _look(self) -> bool:
        """Whether there are workers; raises HardnessError if there were none for too long."""
        with _scheduler_is_the_users():
            threads: Any = self._client.nthreads()
            tasks_at_a_time = sum(threads.values())
        self._last_look = time.monotonic()
        if tasks_at_a_time:
            self._last_seen = self._last_look
            self.tasks_at_a_time = tasks_at_a_time
        elif self._last_look - self._last_seen > _PATIENCE_SECONDS:
            raise HardnessError(
                f"scheduler must have workers, got none for {_PATIENCE_SECONDS:.0f} s; start some "
                "with `dask worker ADDRESS` and run the same command again, it goes on where it was"
            )
        return tasks_at_a_time > 0


def _up_to(count: int, items: Iterator[tuple[int, Any]]) -> list[tuple[int, Any]]:
    return list(islice(items, max(count, 0)))


def _result(future: Future) -> Any:
    """What the task returned; raises what it raised, or HardnessError where its worker failed."""
    try:
        with _scheduler_is_the_users():
            return future.result()
    except KilledWorker as error:
        raise HardnessError(
            f"workers must survive their tasks, got {error.allowed_failures + 1} killed in a row "
            f"by {future.key}; they may be short of memory: give them more, or run with "
            "smaller --partition-bytes"
        ) from error
    except ModuleNotFoundError as error:
        raise HardnessError(
            f"workers must have the packages of this machine, got {error}; "
            "install hardness where they run"
        ) from error


@contextmanager
def _scheduler_is_the_users() -> Iterator[None]:
    try:
        yield
    except (CommClosedError, CancelledError, TimeoutError) as error:
        raise HardnessError(
            "scheduler must stay reachable, got a lost connection; start it again and run the same "
            "command, it goes on where it was"
        ) from error
