"""Scoring and building on real schedulers and workers, in processes that are killed.

The oracle of every run is the run on threads: the same bytes, whatever dies on the way.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hardness
from tests.curriculum.scored import digests
from tests.paths import local
from tests.stages.test_score import contents

ROOT = Path(__file__).parents[2]
PRELOAD = str(Path(__file__).with_name("watched_worker.py"))
SCORE = ["--order", "2", "--holdout", "group", "--group", "g", "--partition-bytes", "300000"]
SCORE_STAGES = [
    "reading",
    "routing-1-grams",
    "counting-1-grams",
    "routing-2-grams",
    "counting-2-grams",
    "routing-1-grams-within-groups",
    "counting-1-grams-within-groups",
    "routing-2-grams-within-groups",
    "counting-2-grams-within-groups",
    "summing-groups",
    "scoring",
]
BUILD = ["--order", "random", "--seed", "3", "--shard-rows", "3000", "--weighting", "s-loss"]
BUILD_STAGES = ["cutting-by-position", "writing-shards"]


@dataclass
class Watch:
    """The folder through which tests and `watched_worker` talk."""

    folder: Path

    def clear(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()
        (self.folder / "began").touch()

    def hold(self, *stages: str) -> None:
        for stage in stages:
            (self.folder / f"hold-{stage}").touch()

    def held(self) -> list[Path]:
        return list(self.folder.glob("held-*"))

    def began(self) -> list[tuple[str, int]]:
        """Stage and index of each task that began, in order."""
        lines = (self.folder / "began").read_text().splitlines()
        return [(line.split()[0], int(line.split()[1])) for line in lines]

    def kill_held_workers(self, client: subprocess.Popen[str]) -> list[tuple[str, int]]:
        """Kill the worker of every task that is held, until the client ends; those tasks."""
        lost = []
        while client.poll() is None:
            for path in self.held():
                stage, index, process = of_held(path)
                lost.append((stage, index))
                os.kill(process, signal.SIGKILL)
                path.unlink()
            time.sleep(0.01)
        return lost


def of_held(path: Path) -> tuple[str, int, int]:
    stage, index, process = path.name.removeprefix("held-").rsplit("-", 2)
    return stage, int(index), int(process)


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return found


def environment(watch: Watch) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "HARDNESS_TEST_WATCH": str(watch.folder),
        "DASK_DISTRIBUTED__WORKER__PRELOAD": json.dumps([PRELOAD]),
    }


def command(*arguments: str | Path, watch: Watch, **variables: str) -> subprocess.Popen[str]:
    """`hardness` in a session of its own, as in a terminal of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "hardness", *map(str, arguments)],
        env=environment(watch) | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def succeeded(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert errors == ""


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    return Watch(tmp_path_factory.mktemp("watch"))


@pytest.fixture(autouse=True)
def cleared(watch: Watch) -> None:
    watch.clear()


@pytest.fixture(scope="module")
def scheduler(watch: Watch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a scheduler with two workers, each a process that is started again if killed."""
    log = open(tmp_path_factory.mktemp("log") / "log", "w")  # noqa: SIM115
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"

    def dask(program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{program}", *arguments, "--no-dashboard"],
            env=environment(watch),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    port = address.rpartition(":")[2]
    here = ["--host", "127.0.0.1"]
    processes = [
        dask("scheduler", *here, "--port", port),
        dask("worker", address, *here, "--nworkers", "2", "--nthreads", "1"),
    ]
    try:
        yield address
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough that every stage has several tasks."""
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(20_000)])
    texts = [" ".join(rng.choice(words, 14)) for _ in range(12_000)]
    path = tmp_path_factory.mktemp("data") / "data.jsonl"
    rows = ({"id": i, "text": text, "g": i // 3} for i, text in enumerate(texts))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def table(data: Path) -> Path:
    """Scored on threads."""
    options: dict[str, Any] = {"order": 2, "holdout": "group", "group": "g"}
    return local(hardness.score(data, partition_bytes=300_000, **options).table.path)


@pytest.fixture(scope="module")
def shards(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built on threads."""
    output = tmp_path_factory.mktemp("threads") / "shards"
    options: dict[str, Any] = {"order": "random", "seed": 3, "weighting": "s-loss"}
    return local(hardness.build(table, output=output, shard_rows=3000, **options).path)


def assert_only_lost_tasks_ran_twice(
    watch: Watch, lost: list[tuple[str, int]], stages: list[str]
) -> None:
    assert sorted(stage for stage, _ in lost) == sorted(stages)
    times = Counter(watch.began())
    assert {task for task, count in times.items() if count > 1} == set(lost)
    assert set(times.values()) == {1, 2}
    for stage in stages:
        assert sum(name == stage for name, _ in times) > 1, f"one task is no test of {stage}"


def test_score_loses_a_worker_in_every_stage(
    watch: Watch, scheduler: str, data: Path, table: Path, tmp_path: Path
) -> None:
    watch.hold(*SCORE_STAGES)
    client = command(
        "score", data, *SCORE, "--scheduler", scheduler, "-o", tmp_path / "t", watch=watch
    )
    lost = watch.kill_held_workers(client)
    succeeded(client)
    assert contents(tmp_path / "t/perplexity") == contents(table / "perplexity")
    assert_only_lost_tasks_ran_twice(watch, lost, SCORE_STAGES)


def test_build_loses_a_worker_in_every_stage(
    watch: Watch, scheduler: str, table: Path, shards: Path, tmp_path: Path
) -> None:
    watch.hold(*BUILD_STAGES)
    client = command(
        "build", table, *BUILD, "--scheduler", scheduler, "-o", tmp_path / "s", watch=watch
    )
    lost = watch.kill_held_workers(client)
    succeeded(client)
    assert digests(tmp_path / "s") == digests(shards)
    assert_only_lost_tasks_ran_twice(watch, lost, BUILD_STAGES)


def noted(folder: Path) -> set[tuple[str, int]]:
    """The tasks that a run has noted as finished, and the parts and shards that are there."""
    done = set()
    for journal in folder.glob("*/work/*/results.jsonl"):
        for line in journal.read_text().split("\n")[1:]:
            stage, _, index = json.loads(line)[0].rpartition("-")
            done.add((stage, int(index)))
    for stage, pattern in (
        ("scoring", "perplexity/part-*.parquet"),
        ("cutting-by-position", ".build/spill-*/part-*.spill"),
        ("writing-shards", ".build/shard-*.parquet.json"),
    ):
        for path in folder.glob(pattern):
            index = re.search(r"\d+", path.name)
            assert index is not None
            done.add((stage, int(index[0])))
    return done


def resume_in_every_stage(
    watch: Watch, arguments: list[str | Path], folder: Path, stages: list[str]
) -> None:
    """Kill the command in the middle of each stage and repeat it; let it end at last.

    The task in which it is killed outlives its run: it ends while the next one is under way.
    """
    done: list[tuple[int, set[tuple[str, int]]]] = []
    for stage in stages:
        watch.hold(stage)
        client = command(*arguments, watch=watch)
        wait_for(lambda client=client: watch.held() or client.poll() is not None)
        # Every stage has several tasks, and the other worker goes on with them.
        wait_for(lambda stage=stage: any(name == stage for name, _ in noted(folder)))
        client.kill()
        client.communicate()
        done.append((len(watch.began()), noted(folder)))
        (held,) = watch.held()
        held.unlink()
    succeeded(command(*arguments, watch=watch))
    began = watch.began()
    for count, finished in done:
        assert not finished & set(began[count:])


def test_score_resumes_in_every_stage(
    watch: Watch, scheduler: str, data: Path, table: Path, tmp_path: Path
) -> None:
    output = tmp_path / "t"
    arguments = ["score", data, *SCORE, "--scheduler", scheduler, "-o", output]
    resume_in_every_stage(watch, arguments, output, SCORE_STAGES)
    assert contents(output / "perplexity") == contents(table / "perplexity")


@pytest.mark.parametrize("n_workers", [1, 3])
def test_local_workers_give_the_same_bytes(
    watch: Watch, data: Path, table: Path, shards: Path, tmp_path: Path, n_workers: int
) -> None:
    score = command(
        "score", data, *SCORE, "--workers", str(n_workers), "-o", tmp_path / "t", watch=watch
    )
    build = command(
        "build", table, *BUILD, "--workers", str(n_workers), "-o", tmp_path / "s", watch=watch
    )
    succeeded(score)
    succeeded(build)
    assert contents(tmp_path / "t/perplexity") == contents(table / "perplexity")
    assert digests(tmp_path / "s") == digests(shards)
