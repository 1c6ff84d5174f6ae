"""How work on many partitions or shards is spread: the contract, and threads as the default."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, Protocol

from hardness.progress import Progress, Silent


class MapStage(Protocol):
    """Runs one function over many items, in any order and anywhere.

    An implementation may call the function twice for an item whose worker was lost: the functions
    here write to temporary names and give the same bytes every time. If the workers do not share
    this process's memory, `shared_memory` is absent or false; then items, results and the function
    must pickle, and files are what the stages exchange.
    """

    def __call__(
        self, name: str, function: Callable[[Any], Any], items: Sequence[Any]
    ) -> list[Any]:
        """The results of `function` over `items`, in the order of `items`.

        Args:
            name: what the work is called in progress reports.
            function: called once per item.
            items: one per partition or shard.
        """
        ...


class ThreadStage:
    """Threads in this process, one per core; the numerical work releases the GIL."""

    shared_memory = True

    def __init__(self, threads: int | None = None, *, progress: Progress | None = None) -> None:
        self.threads = threads or os.cpu_count() or 1
        self._progress = progress or Silent()

    def __call__(
        self, name: str, function: Callable[[Any], Any], items: Sequence[Any]
    ) -> list[Any]:
        """The results of `function` over `items`; the first failure stops what has not begun."""
        self._progress.start(name, len(items), "tasks")

        def run(item: Any) -> Any:
            result = function(item)
            self._progress.advance(1)
            return result

        with ThreadPoolExecutor(self.threads, thread_name_prefix=name) as pool:
            try:
                futures = [pool.submit(run, item) for item in items]
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in futures:
                    if future in done:
                        future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return [future.result() for future in futures]
