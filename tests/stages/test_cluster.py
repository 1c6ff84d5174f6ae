"""Clusters: the same results wherever tasks run, and one message for what cannot be."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from hardness.errors import HardnessError
from hardness.stages import connect, workers
from hardness.stages.cluster import open_cluster
from hardness.stages.store import DiskStore
from tests.stages.watch import wait_for


class Course:
    """Keeps what a progress display would draw."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int, str]] = []
        self.done = 0

    def start(self, stage: str, total: int, unit: str) -> None:
        self.stages.append((stage, total, unit))
        self.done = 0

    def advance(self, amount: int) -> None:
        self.done += amount


def square(number: int) -> int:
    if number < 0:
        raise HardnessError(f"number must be at least 0, got {number}; choose another")
    return number**2


def process_of(_: int) -> int:
    return os.getpid()


def local_cluster(**options: Any) -> Any:
    """A scheduler whose workers are threads of this process."""
    quiet: dict[str, Any] = {"dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    where = {"processes": False, "protocol": "tcp", "host": "127.0.0.1"}
    return LocalCluster(**where, **quiet, **options)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """Two workers of two threads."""
    with local_cluster(n_workers=2, threads_per_worker=2) as cluster:
        yield cluster


@pytest.fixture(params=["threads", "scheduler"])
def where(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param == "threads":
        return {"threads": 3}
    return {"scheduler": request.getfixturevalue("scheduler").scheduler_address}


def test_results_keep_the_order_of_the_items(where: dict[str, Any]) -> None:
    course = Course()
    with open_cluster(**where, progress=course) as cluster:
        items = list(range(50))
        assert cluster.map("squaring", square, items, sizes=items, unit="units") == [
            square(item) for item in items
        ]
        assert course.stages[-1] == ("squaring", sum(items), "units")
        assert course.done == sum(items)
        assert cluster.map("nothing", square, []) == []


def test_first_error_ends_the_stage(where: dict[str, Any]) -> None:
    with (
        open_cluster(**where) as cluster,
        pytest.raises(HardnessError, match=r"^number must be at least 0, got -1; choose another$"),
    ):
        cluster.map("squaring", square, [*range(20), -1, *range(20)])


def test_tasks_known_to_the_store_are_not_run_again(where: dict[str, Any], tmp_path: Path) -> None:
    course = Course()
    store = DiskStore(tmp_path)
    store.keep_result("squaring-1", "known")
    with open_cluster(**where, progress=course) as cluster:
        assert cluster.map("squaring", square, [3, -1, 5], store=store) == [9, "known", 25]
        assert course.done == 3
    assert [DiskStore(tmp_path).result(f"squaring-{i}") for i in range(3)] == [[9], ["known"], [25]]


def test_every_task_that_ran_is_told_of_once(where: dict[str, Any], tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    store.keep_result("squaring-1", "known")
    told: list[int] = []
    with open_cluster(**where) as cluster:
        cluster.map("squaring", square, range(20), store=store, ended=told.append)
    assert sorted(told) == [0, *range(2, 20)]


def test_worker_processes_are_other_processes() -> None:
    with open_cluster(workers=2) as cluster:
        assert not cluster.in_process
        assert cluster.tasks_at_a_time == 2
        assert os.getpid() not in cluster.map("looking", process_of, range(4))


def test_few_tasks_are_handed_out_at_a_time(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, outstanding, most = threading.Lock(), 0, 0
    submit, result = workers.Client.submit, workers._result

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal outstanding, most
        with lock:
            outstanding += 1
            most = max(most, outstanding)
        return submit(*arguments, **options)

    def taken(future: Any) -> Any:
        nonlocal outstanding
        with lock:
            outstanding -= 1
        return result(future)

    monkeypatch.setattr(workers.Client, "submit", counted)
    monkeypatch.setattr(workers, "_result", taken)
    with open_cluster(scheduler=scheduler.scheduler_address) as cluster:
        assert cluster.map("squaring", square, range(300)) == [i**2 for i in range(300)]
    assert most == 8
    wait_for(lambda: not scheduler.scheduler.tasks)  # the scheduler sees that the client is gone


def test_work_is_sent_by_way_of_the_shared_folder(scheduler: Any, tmp_path: Path) -> None:
    with open_cluster(scheduler=scheduler.scheduler_address) as cluster:
        with cluster.sharing(tmp_path):
            assert list(tmp_path.iterdir())
            assert cluster.map("squaring", square, range(5)) == [0, 1, 4, 9, 16]
            assert len(list(tmp_path.iterdir())) == 1
        assert list(tmp_path.iterdir()) == []


def test_no_worker_is_an_error_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_PATIENCE_SECONDS", 0.3)
    with (
        local_cluster(n_workers=0) as empty,
        pytest.raises(HardnessError, match=r"scheduler must have workers, got none .*dask worker"),
        open_cluster(scheduler=empty.scheduler_address),
    ):
        pass


RUNNING = threading.Event()


def run_for_a_second(_: int) -> None:
    RUNNING.set()
    time.sleep(1)


def test_scheduler_that_goes_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_CONNECT_SECONDS", 60.0)
    RUNNING.clear()
    with (
        local_cluster(n_workers=1, threads_per_worker=1) as lost,
        open_cluster(scheduler=lost.scheduler_address) as cluster,
    ):
        closing = threading.Thread(target=lambda: (RUNNING.wait(), lost.close()))
        closing.start()
        try:
            with pytest.raises(
                HardnessError, match=r"scheduler must stay .*, got a lost connection; .*goes on"
            ):
                # More than can be done before it is gone, however long that takes it.
                cluster.map("waiting", run_for_a_second, range(1_000))
        finally:
            RUNNING.set()
            closing.join()


def silent_server() -> socket.socket:
    server = socket.create_server(("127.0.0.1", 0))
    server.listen()
    return server


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("tcp://127.0.0.1:1", "no answer in 0 s"),
        ("somewhere", "missing port number"),
        ("http://127.0.0.1:8787", "unknown address scheme 'http'"),
        ("SILENT", "no answer in 0 s"),
        ("WORKER", "a worker answers there"),
    ],
)
def test_wrong_address_is_told_with_the_reason(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch, address: str, why: str
) -> None:
    with silent_server() as server:
        if address == "SILENT":
            address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        if address == "WORKER":
            address = next(iter(scheduler.scheduler.workers))
        else:
            monkeypatch.setattr(connect, "_CONNECT_SECONDS", 0.3)
        with (
            pytest.raises(
                HardnessError,
                match=rf"scheduler must be the address of a running .*, got '{address}' \({why}",
            ),
            open_cluster(scheduler=address),
        ):
            pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 0}, "threads must be at least 1, got 0"),
        ({"workers": 0}, "workers must be at least 1, got 0"),
        ({"threads": 1, "workers": 1}, "must be given one at a time, got several; keep one"),
    ],
    ids=str,
)
def test_options_out_of_range_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(HardnessError, match=message), open_cluster(**options):
        pass


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What this package logged, whatever Dask says of a busy machine."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("hardness")]


def test_version_that_differs_is_told(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with open_cluster(scheduler=scheduler.scheduler_address):
        assert told(caplog) == []
    monkeypatch.setattr(connect, "_SERIOUS", ("dask",))
    versions = connect.Client.get_versions

    def other(self: Any) -> Any:
        found: Any = versions(self)
        found["client"]["packages"]["dask"] = "1.0"
        return found

    monkeypatch.setattr(connect.Client, "get_versions", other)
    with open_cluster(scheduler=scheduler.scheduler_address):
        (message,) = told(caplog)
    assert message.startswith("this machine has dask 1.0, the cluster has 20")
