"""Which worker a task finds itself on."""

from __future__ import annotations

from distributed import Client, LocalCluster

from hardness.stages.place import worker_number


def test_workers_of_this_machine_are_numbered() -> None:
    options = {"processes": False, "dashboard_address": None, "threads_per_worker": 1}
    with LocalCluster(n_workers=2, **options) as cluster, Client(cluster) as client:
        found = [
            client.submit(worker_number, workers=[address], pure=False).result()
            for address in client.scheduler_info()["workers"]
        ]
    assert sorted(found) == [0, 1]


def test_elsewhere_there_is_one() -> None:
    assert worker_number() == 0
