"""Scoring and building on real schedulers and workers, in processes that are killed.

The oracle of every run is the run on threads: the same bytes, whatever dies on the way.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hardness
from tests.curriculum.scored import digests
from tests.paths import local
from tests.stages.test_score import contents
from tests.stages.watch import (
    PATIENCE_SECONDS,
    Watch,
    command,
    environment,
    failed,
    of_held,
    processes_of,
    succeeded,
    wait_for,
)

SCORE = ["--order", "2", "--holdout", "group", "--group", "g"]
SCORE_STAGES = [  # in this order; the others of each kind do the same
    "reading",
    "routing-1-grams",
    "counting-2-grams",
    "counting-1-grams-within-groups",
    "routing-2-grams-within-groups",
    "summing-groups",
    "scoring",
]
PVI_STAGES = [
    "reading",
    "routing-1-grams-by-class",
    "counting-2-grams-by-class",
    "counting-1-grams-by-class-within-groups",
    "summing-groups",
    "comparing-classes",
    "scoring",
]
BUILD = ["--order", "random", "--seed", "3", "--shard-rows", "3000", "--weighting", "s-loss"]
BUILD_STAGES = ["cutting-by-position", "writing-shards"]


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    return Watch(tmp_path_factory.mktemp("watch"))


@pytest.fixture(autouse=True)
def cleared(watch: Watch) -> None:
    watch.clear()


@pytest.fixture(scope="module")
def scheduler(watch: Watch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a scheduler with two workers, each a process that is started again if killed."""
    folder = tmp_path_factory.mktemp("scheduler")
    log = open(folder / "log", "w")  # noqa: SIM115
    found = folder / "scheduler.json"  # written by the scheduler, and waited for by the workers

    def dask(program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{program}", *arguments, "--no-dashboard"],
            env=environment(watch),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    here = ["--host", "127.0.0.1", "--scheduler-file", str(found)]
    processes = [
        dask("scheduler", *here, "--port", "0"),
        dask("worker", *here, "--nworkers", "2", "--nthreads", "1"),
    ]
    try:
        wait_for(found.exists)
        yield wait_for(lambda: address_in(found))
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


def address_in(file: Path) -> str | None:
    try:
        return json.loads(file.read_text())["address"]
    except (FileNotFoundError, ValueError):  # not there, or not written to its end
        return None


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A glob of files, enough that every stage has several tasks."""
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(20_000)])
    rows = [{"id": i, "text": " ".join(rng.choice(words, 14)), "g": i // 3} for i in range(12_000)]
    folder = tmp_path_factory.mktemp("data")
    for part in range(4):
        lines = (json.dumps(row) + "\n" for row in rows[part * 3000 : (part + 1) * 3000])
        (folder / f"{part}.jsonl").write_text("".join(lines))
    return folder / "*.jsonl"


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of three classes, enough that every stage has several tasks."""
    rng = np.random.default_rng(1)
    folder = tmp_path_factory.mktemp("labelled")
    for part in range(3):
        lines = []
        for i, label in enumerate(rng.integers(0, 3, 4000).tolist()):
            text = " ".join(f"w{word + label}" for word in rng.integers(0, 3000, 14))
            lines.append(json.dumps({"text": text, "label": label, "g": i // 3}) + "\n")
        (folder / f"{part}.jsonl").write_text("".join(lines))
    return folder / "*.jsonl"


@pytest.fixture(scope="module")
def table(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scored on threads."""
    output = tmp_path_factory.mktemp("threads") / "table"
    options: dict[str, Any] = {"order": 2, "holdout": "group", "group": "g"}
    return local(hardness.score(str(data), output=output, **options).table.path)


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


def test_pvi_loses_a_worker_in_every_stage(
    watch: Watch, scheduler: str, labelled: Path, tmp_path: Path
) -> None:
    options = ["--metric", "ngram-pvi", *SCORE]
    watch.hold(*PVI_STAGES)
    client = command(
        "score", labelled, *options, "--scheduler", scheduler, "-o", tmp_path / "t", watch=watch
    )
    lost = watch.kill_held_workers(client)
    succeeded(client)
    succeeded(command("score", labelled, *options, "-o", tmp_path / "threads", watch=watch))
    assert contents(tmp_path / "t/ngram-pvi") == contents(tmp_path / "threads/ngram-pvi")
    assert_only_lost_tasks_ran_twice(watch, lost, PVI_STAGES)


FILES = {
    "scoring": "perplexity/part-*.parquet",
    "cutting-by-position": ".build/spill-*/part-*.spill",
    "writing-shards": "shard-*.parquet",
}


def files(folder: Path) -> dict[Path, int]:
    """What finished tasks put in place, with the time of it."""
    return {
        path: path.stat().st_mtime_ns for pattern in FILES.values() for path in folder.glob(pattern)
    }


def finished(folder: Path) -> set[tuple[str, int]]:
    """The tasks that are known to be finished, by the journal or by their file."""
    done = set()
    for journal in folder.glob("*/work/*/results.jsonl"):
        for line in journal.read_text().split("\n")[1:]:
            with suppress(ValueError):  # the last may not be written to its end
                stage, _, index = json.loads(line)[0].rpartition("-")
                done.add((stage, int(index)))
    for stage, pattern in FILES.items():
        for path in folder.glob(pattern):
            number = re.search(r"\d+", path.name)
            assert number is not None
            done.add((stage, int(number[0])))
    return done


def resume_in_every_stage(
    watch: Watch, arguments: list[str | Path], folder: Path, stages: list[str]
) -> None:
    """Kill the command in the middle of each stage and repeat it; let it end at last.

    The task in which it is killed outlives its run: it ends while the next one is under way.
    """
    killed: list[tuple[int, set[tuple[str, int]], dict[Path, int]]] = []
    for stage in stages:
        watch.hold(stage)
        client = command(*arguments, watch=watch)
        wait_for(lambda client=client: watch.held() or client.poll() is not None)
        assert client.poll() is None
        # Every stage has several tasks, and the other worker goes on with them.
        wait_for(lambda stage=stage: any(name == stage for name, _ in finished(folder)))
        client.kill()
        client.communicate()
        # In this order: what is seen as finished has begun before.
        done, there = finished(folder), files(folder)
        killed.append((len(watch.began()), done, there))
        (held,) = watch.held()
        held.unlink()
    succeeded(command(*arguments, watch=watch))
    began, last = watch.began(), files(folder)
    for count, done, there in killed:
        # Those of a build begin again, and find their file. Those of scoring are numbered among
        # the parts that are missing, so their numbers say nothing; that no file changed does.
        again = done & set(began[count:])
        assert {stage for stage, _ in again} <= {*BUILD_STAGES, "scoring"}
        assert {path: last.get(path, time) for path, time in there.items()} == there


def test_score_resumes_in_every_stage(
    watch: Watch, scheduler: str, data: Path, table: Path, tmp_path: Path
) -> None:
    output = tmp_path / "t"
    arguments = ["score", data, *SCORE, "--scheduler", scheduler, "-o", output]
    resume_in_every_stage(watch, arguments, output, SCORE_STAGES)
    assert contents(output / "perplexity") == contents(table / "perplexity")


def test_build_resumes_in_every_stage(
    watch: Watch, scheduler: str, table: Path, shards: Path, tmp_path: Path
) -> None:
    output = tmp_path / "s"
    arguments = ["build", table, *BUILD, "--scheduler", scheduler, "-o", output]
    resume_in_every_stage(watch, arguments, output, BUILD_STAGES)
    assert digests(output) == digests(shards)


def test_local_workers_give_the_same_bytes_and_one_may_die(
    watch: Watch, data: Path, table: Path, shards: Path, tmp_path: Path
) -> None:
    watch.hold("reading", "counting-2-grams")
    client = command("score", data, *SCORE, "--workers", "2", "-o", tmp_path / "t", watch=watch)
    lost = watch.kill_held_workers(client)
    succeeded(client)
    assert len(lost) == 2
    succeeded(command("build", table, *BUILD, "--workers", "1", "-o", tmp_path / "s", watch=watch))
    assert contents(tmp_path / "t/perplexity") == contents(table / "perplexity")
    assert digests(tmp_path / "s") == digests(shards)


def test_bad_record_is_one_message_from_a_worker_too(
    watch: Watch, scheduler: str, tmp_path: Path
) -> None:
    (tmp_path / "data.jsonl").write_text('{"text": "a b"}\n' * 300 + '{"text": 5}\n')
    where = ["--scheduler", scheduler]
    line = failed(command("score", tmp_path / "data.jsonl", *where, watch=watch))
    assert re.fullmatch(r"error: .*data\.jsonl line 301.*--on-error skip.*", line)


def test_file_that_a_worker_does_not_see_is_named(
    watch: Watch, scheduler: str, tmp_path: Path
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a b"}\n' * 30)
    watch.hold("reading")
    client = command("score", path, "--scheduler", scheduler, watch=watch)
    (held,) = wait_for(watch.held)
    path.rename(tmp_path / "moved.jsonl")
    held.unlink()
    assert re.search(
        rf"must be seen by every worker under the same path, got no {re.escape(str(path))} on ",
        failed(client),
    )


def test_task_that_kills_every_worker_is_an_error(watch: Watch, data: Path, tmp_path: Path) -> None:
    (watch.folder / "die-reading").touch()
    few = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    where = ["--workers", "1", "-o", tmp_path / "t"]
    line = failed(command("score", data, *where, watch=watch, **few))
    assert "workers must survive their tasks, got 2 killed in a row by reading-" in line


@pytest.mark.parametrize(
    "sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda sent: sent.name
)
def test_no_process_is_left_by_a_stopped_command(
    watch: Watch, data: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    watch.hold("reading")
    client = command("score", data, "--workers", "2", "-o", tmp_path / "t", watch=watch)
    (held,) = wait_for(watch.held)
    *_, worker = of_held(held)
    assert os.getsid(worker) == client.pid
    if sent == signal.SIGINT:
        # To every process of the terminal, as Ctrl-C does.
        os.killpg(client.pid, sent)
    else:
        client.send_signal(sent)
    _, errors = client.communicate(timeout=PATIENCE_SECONDS)
    assert client.returncode != 0
    assert "Traceback" not in errors
    wait_for(lambda: not processes_of(client.pid))


@pytest.mark.parametrize("compressed", ["data", "reference"])
def test_copies_of_compressed_files_lie_where_workers_see_them(
    watch: Watch, scheduler: str, tmp_path: Path, compressed: str
) -> None:
    records = b'{"text": "a b"}\n{"text": "b"}\n'
    (tmp_path / "small.jsonl.gz").write_bytes(gzip.compress(records))
    path, options = tmp_path / "small.jsonl.gz", []
    if compressed == "reference":
        path, options = tmp_path / "data.jsonl", ["--reference", path]
        path.write_bytes(records)
    # Nothing may be left in the temporary folder of the machine, which others do not see.
    (tmp_path / "tmp").mkdir()
    where = {"TMPDIR": str(tmp_path / "tmp")}
    watch.hold("reading")
    client = command("score", path, *options, "--scheduler", scheduler, watch=watch, **where)
    (held,) = wait_for(watch.held)
    assert list(tmp_path.glob("hardness-*"))
    assert not list((tmp_path / "tmp").glob("hardness-*"))
    held.unlink()
    succeeded(client)
    assert not list(tmp_path.glob("hardness-*"))
