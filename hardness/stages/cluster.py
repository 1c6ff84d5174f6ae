"""Where stages run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import dask

from hardness.errors import HardnessError
from hardness.progress import Progress, Silent

Item = TypeVar("Item")
Result = TypeVar("Result")


class Cluster:
    """Runs one function over many items, each a Dask task.

    A stage ends when all of its tasks have; what they return is small, and what they hand to later
    stages lies in a store.

    Args:
        threads: number of tasks at a time; all cores where None.
        progress: is told of every finished task.
    """

    def __init__(self, *, threads: int | None = None, progress: Progress | None = None) -> None:
        if threads is not None and threads < 1:
            raise HardnessError(
                f"threads must be at least 1, got {threads}; leave it out for all cores"
            )
        self._threads = threads
        self._progress = progress or Silent()

    def map(
        self,
        stage: str,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        *,
        sizes: Sequence[int] | None = None,
        unit: str = "tasks",
    ) -> list[Result]:
        """`function` of every item, in the order of the items.

        Args:
            stage: what is being done, for the progress display.
            function: must not depend on the order in which tasks run.
            items: what it is applied to.
            sizes: how much work each item is, in `unit`; 1 each where None.
            unit: what the sizes count.
        """
        sizes = [1] * len(items) if sizes is None else sizes
        self._progress.start(stage, sum(sizes), unit)

        def run(item: Item, size: int) -> Result:
            result = function(item)
            self._progress.advance(size)
            return result

        tasks = [dask.delayed(run)(item, size) for item, size in zip(items, sizes, strict=True)]
        return list(dask.compute(*tasks, scheduler="threads", num_workers=self._threads))


@contextmanager
def open_cluster(
    *, threads: int | None = None, progress: Progress | None = None
) -> Iterator[Cluster]:
    """The cluster that the options ask for; on this machine's threads."""
    yield Cluster(threads=threads, progress=progress)
