"""Starting worker processes on this machine, and reaching a Dask scheduler elsewhere."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import dask.config
from distributed import Client, LocalCluster, Nanny, Security
from distributed.comm.core import connect
from distributed.versions import VersionMismatchWarning

from hardness.errors import HardnessError

logger = logging.getLogger(__name__)

_CONNECT_SECONDS = 10.0
_SERIOUS = ("python", "dask", "distributed")
"""Versions that must agree for tasks to reach the workers at all."""
_LOGS = ("distributed", "distributed.client", "distributed.gc")
"""Those to which Dask gives a level of their own."""
_IGNORE_INTERRUPT = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""Ctrl-C reaches every process of the terminal. This one ends the workers, in order."""


@contextmanager
def local_workers(count: int) -> Iterator[Client]:
    """Worker processes on this machine; one that dies is started again.

    Raises:
        HardnessError: they cannot be started.
    """
    options: dict[str, Any] = {
        "n_workers": count,
        "threads_per_worker": 1,
        # Tasks are sized by --memory; Dask would pause or kill what it takes for a leak.
        "memory_limit": 0,
        "dashboard_address": None,
        "scheduler_kwargs": {"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        "silence_logs": logging.CRITICAL,
        "preload": [*dask.config.get("distributed.worker.preload"), _IGNORE_INTERRUPT],
    }
    with _quiet():
        try:
            cluster = LocalCluster(**options)
        except RuntimeError as error:
            raise HardnessError(
                f"workers must be able to start, got {error}; a script that uses them must do so "
                "under `if __name__ == '__main__':`"
            ) from error
        with cluster, Client(cluster, set_as_default=False) as client:
            try:
                yield client
            except BaseException:
                # Closing waits for the tasks that run, which nobody wants any more.
                cluster.sync(_kill, list(cluster.workers.values()))
                raise


async def _kill(nannies: list[Nanny]) -> None:
    await asyncio.gather(*(nanny.kill(timeout=0.1) for nanny in nannies), return_exceptions=True)


@contextmanager
def running_scheduler(address: str) -> Iterator[Client]:
    """A client of a scheduler that runs already.

    Raises:
        HardnessError: there is none at the address.
    """
    identity = _identity(address)
    if identity != "Scheduler":
        raise HardnessError(
            f"scheduler must be the address of a running Dask scheduler, got {address!r} "
            f"({identity}); start one with `dask scheduler` and give the address it prints"
        )
    with _quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionMismatchWarning)
        with Client(address, set_as_default=False) as client:
            _warn_of_versions(client)
            yield client


def _identity(address: str) -> str:
    """What answers there: "Scheduler", or anything else and why."""

    async def ask() -> str:
        arguments = Security().get_connection_args("client")
        comm = await connect(address, timeout=2 * _CONNECT_SECONDS, **arguments)
        try:
            await comm.write({"op": "identity", "reply": True})
            return (await comm.read())["type"]
        finally:
            comm.abort()

    async def ask_in_time() -> str:
        # A server of another protocol may accept and never answer.
        return await asyncio.wait_for(ask(), _CONNECT_SECONDS)

    # In a thread, as a notebook has an event loop running in this one.
    with _quiet(), ThreadPoolExecutor(1) as pool:
        try:
            answer = pool.submit(asyncio.run, ask_in_time()).result()
        except TimeoutError:
            return f"no answer in {_CONNECT_SECONDS:.0f} s"
        except (OSError, ValueError, TypeError, KeyError) as error:
            return str(error)
    return answer if answer == "Scheduler" else f"a {answer.lower()} answers there"


def _warn_of_versions(client: Client) -> None:
    versions: Any = client.get_versions()
    here = versions["client"]["packages"]
    for name in _SERIOUS:
        there = {
            str(process["packages"].get(name))
            for process in (versions["scheduler"], *versions["workers"].values())
            if process is not None
        }
        others = sorted(there - {str(here[name])})
        if others:
            logger.warning(
                "this machine has %s %s, the cluster has %s; tasks may fail to reach it",
                name,
                here[name],
                ", ".join(others),
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask's own log and warnings tell of what is handled or reported here."""
    logs = [logging.getLogger(name) for name in _LOGS]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
