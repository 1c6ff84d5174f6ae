"""Where a command computes and what it may use for it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardness.progress import Progress
from hardness.stages.cluster import Cluster, check_place, open_cluster


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Where a command computes and what it may use for it.

    Attributes:
        threads, workers, scheduler, progress: see `hardness.stages.cluster.open_cluster`.
        memory: bytes to stay below.
        work: folder for what does not fit; None for one beside the output.
        reading: see `hardness.stages.run.Run`.
    """

    threads: int | None
    workers: int | None
    scheduler: str | None
    progress: Progress | None
    memory: int
    work: Path | None
    reading: Mapping[str, Any]

    @property
    def durable(self) -> bool:
        """Whether files must outlive failures of other machines, see `open_store`."""
        return self.scheduler is not None

    def check(self) -> None:
        """Raises HardnessError for what `cluster` would refuse without asking any other machine."""
        check_place(threads=self.threads, workers=self.workers, scheduler=self.scheduler)

    def cluster(self) -> AbstractContextManager[Cluster]:
        """Where stages run.

        Raises:
            HardnessError: options that exclude each other or are out of range, or no scheduler.
        """
        return open_cluster(
            threads=self.threads,
            workers=self.workers,
            scheduler=self.scheduler,
            progress=self.progress,
        )
