"""Which worker a task finds itself on."""

from __future__ import annotations

from typing import Any

from distributed import Client, LocalCluster

from hardness.stages.place import worker_number


def test_workers_of_this_machine_are_numbered() -> None:
    options: dict[str, Any] = {
        "processes": False,
        "threads_per_worker": 1,
        "dashboard_address": None,
        "scheduler_kwargs": {"dashboard": False, "dashboard_address": "127.0.0.1:0"},
    }
    with LocalCluster(n_workers=2, **options) as cluster, Client(cluster) as client:
        found = [
            client.submit(worker_number, workers=[address], pure=False).result()
            for address in client.scheduler_info()["workers"]
        ]
    assert sorted(found) == [0, 1]


def test_elsewhere_there_is_one() -> None:
    assert worker_number() == 0
