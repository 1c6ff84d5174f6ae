"""Where stages run: this machine's threads, its processes, or a Dask cluster."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from dask.threaded import get

from hardness.errors import HardnessError
from hardness.progress import Progress, Silent
from hardness.stages.sharing import Mark, marked
from hardness.stages.store import MemoryStore, Store

Item = TypeVar("Item")
Function = Callable[[Any], Any]
Finished = Callable[[int, Any], None]


class Executor(Protocol):
    """Runs a function over items, each a Dask task."""

    in_process: bool
    """Whether tasks share this process's memory."""
    tasks_at_a_time: int
    """How many tasks run at the same time, about."""

    def run(
        self,
        stage: str,
        function: Function,
        items: dict[int, Any],
        finished: Finished,
        marks: tuple[Mark, ...],
    ) -> None:
        """Apply the function to every item; tell `finished` of each result as it comes.

        Args:
            stage: begins the names of the tasks.
            function: applied to every item.
            items: under the index that `finished` is told.
            finished: called in one thread at a time or in several.
            marks: of the folders that tasks write to.
        """
        ...


class Threads:
    """Dask's threaded scheduler.

    Args:
        threads: tasks at a time; all cores where None.
    """

    in_process = True

    def __init__(self, threads: int | None = None) -> None:
        self.tasks_at_a_time = threads or os.cpu_count() or 1

    def run(
        self,
        stage: str,
        function: Function,
        items: dict[int, Any],
        finished: Finished,
        marks: tuple[Mark, ...],
    ) -> None:
        # Tasks are told the index alone: Dask would look for tasks inside the items. Of tasks that
        # are alike it takes the one whose name sorts last first, so the names count down.
        def task(index: int) -> None:
            finished(index, function(items[index]))

        graph = {f"{stage}-{10**9 - 1 - index}": (task, index) for index in items}
        # The scheduler itself and not `dask.compute`, which would import distributed. Leaving the
        # pool waits for tasks that still run when one has failed.
        with ThreadPoolExecutor(self.tasks_at_a_time) as pool:
            get(graph, list(graph), pool=pool)


class Serial:
    """One task at a time, in the thread that asks for it."""

    in_process = True
    tasks_at_a_time = 1

    def run(
        self,
        stage: str,
        function: Function,
        items: dict[int, Any],
        finished: Finished,
        marks: tuple[Mark, ...],
    ) -> None:
        for index, item in items.items():
            finished(index, function(item))


class Cluster:
    """Runs one function over many items, each item a task.

    A stage ends when all of its tasks have, or with the first that fails. What tasks return is
    small; what they hand to later stages lies in a store.

    Args:
        executor: runs the tasks.
        progress: is told of every finished task.

    Attributes:
        in_process, tasks_at_a_time: see `Executor`.
    """

    def __init__(self, executor: Executor, progress: Progress | None = None) -> None:
        self.in_process = executor.in_process
        self.tasks_at_a_time = executor.tasks_at_a_time
        self._executor = executor
        self._progress = progress or Silent()
        self._marks: tuple[Mark, ...] = ()

    def map(
        self,
        stage: str,
        function: Callable[[Item], Any],
        items: Sequence[Item],
        *,
        sizes: Sequence[int] | None = None,
        unit: str = "tasks",
        store: Store | None = None,
        ended: Callable[[int], None] | None = None,
    ) -> list[Any]:
        """`function` of every item, in the order of the items.

        Args:
            stage: what is being done, for the progress display; names the stage in the store.
            function: must not depend on the order in which tasks run. Workers get a copy, so it
                must not hold on to this cluster.
            items: what it is applied to.
            sizes: how much work each item is, in `unit`; 1 each where None.
            unit: what the sizes count.
            store: tasks that it knows to be finished are not run again. Results must fit JSON then.
            ended: is told the index of every item whose task ran, as soon as it has; by several
                threads at a time.
        """
        sizes = [1] * len(items) if sizes is None else sizes
        store = MemoryStore() if store is None else store
        slug = re.sub(r"\W+", "-", stage)
        self._progress.start(stage, sum(sizes), unit)
        results: dict[int, Any] = {}
        for index in range(len(items)):
            known = store.result(f"{slug}-{index}")
            if known is not None:
                results[index] = known[0]
                self._progress.advance(sizes[index])

        def finished(index: int, result: Any) -> None:
            store.keep_result(f"{slug}-{index}", result)
            results[index] = result
            if ended is not None:
                ended(index)
            self._progress.advance(sizes[index])

        missing = {i: item for i, item in enumerate(items) if i not in results}
        self._executor.run(slug, function, missing, finished, self._marks)
        return [results[index] for index in range(len(items))]

    def serial(self) -> Cluster:
        """The same with one task at a time where tasks share this process.

        For tasks that share what there is one of, such as a model on a GPU.
        """
        return Cluster(Serial(), self._progress) if self.in_process else self

    @contextmanager
    def sharing(self, *folders: Path) -> Iterator[None]:
        """Let tasks write to these folders, which must be there, until the block ends.

        Workers that do not see them refuse their tasks, and so do tasks of a run that has ended.
        """
        if self.in_process:
            yield
            return
        with marked(list(folders)) as marks:
            self._marks = marks
            yield


def check_place(*, threads: int | None, workers: int | None, scheduler: str | None) -> None:
    """Refuse options of `open_cluster` that can be refused before anything is computed.

    Raises:
        HardnessError: they exclude each other or are out of range, or the scheduler is no address.
    """
    if sum(option is not None for option in (threads, workers, scheduler)) > 1:
        raise HardnessError(
            "threads, workers and scheduler must be given one at a time, got several; keep one"
        )
    if threads is not None and threads < 1:
        raise HardnessError(
            f"threads must be at least 1, got {threads}; leave it out for all cores"
        )
    if workers is not None and workers < 1:
        raise HardnessError(f"workers must be at least 1, got {workers}; leave it out for threads")
    if scheduler is not None and ":" not in scheduler:
        raise HardnessError(
            f"scheduler must be the address of a running Dask scheduler, got {scheduler!r} "
            "(missing port number); start one with `dask scheduler` and give the address it prints"
        )


@contextmanager
def open_cluster(
    *,
    threads: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Iterator[Cluster]:
    """The cluster that the options ask for.

    Args:
        threads: tasks at a time in this process; all cores where None.
        workers: start that many processes on this machine instead.
        scheduler: address of a running Dask scheduler to use instead.
        progress: is told of every finished task.

    Raises:
        HardnessError: options that exclude each other or are out of range, or no scheduler there.
    """
    check_place(threads=threads, workers=workers, scheduler=scheduler)
    if workers is None and scheduler is None:
        yield Cluster(Threads(threads), progress)
        return
    from hardness.stages.connect import local_workers, running_scheduler
    from hardness.stages.workers import Workers

    progress = progress or Silent()
    opened = local_workers(workers) if workers is not None else running_scheduler(str(scheduler))
    progress.start("waiting for workers", 1, "workers")
    with opened as client:
        yield Cluster(Workers(client), progress)
