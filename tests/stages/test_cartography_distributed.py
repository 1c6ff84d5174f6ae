"""Cartography on worker processes that are killed, and the command that is killed and repeated.

The oracle is the run on threads: the same bytes, whatever dies on the way.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

import hardness
from tests.paths import local
from tests.stages.dynamics import guid_of, make_epochs, write_data, write_jsonl
from tests.stages.test_score import contents
from tests.stages.watch import Watch, command, succeeded, wait_for

N = 3000
STAGES = [
    "finding-records",
    "reading-dynamics",
    "matching-guids",
    "sorting-dynamics",
    "naming-classes",
    "mapping",
]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    (tmp_path / "watch").mkdir()
    watch = Watch(tmp_path / "watch")
    watch.clear()
    return watch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data in three files, dynamics, and the table that threads made of them."""
    folder = tmp_path_factory.mktemp("carto")
    whole = write_data(folder / "data.jsonl", N).read_text().splitlines(keepends=True)
    for part in range(3):
        lines = whole[part * N // 3 : (part + 1) * N // 3]
        (folder / f"part-{part}.jsonl").write_text("".join(lines))
    dynamics = write_jsonl(folder / "dynamics", make_epochs(N, epochs=3, missing=0.1))
    hardness.score(
        str(folder / "part-*.jsonl"),
        metric="cartography",
        dynamics=str(dynamics),
        output=folder / "threads",
    )
    return folder


def arguments(folder: Path, output: Path) -> list[str | Path]:
    return [
        "score", folder / "part-*.jsonl", "--metric", "cartography",
        "--dynamics", folder / "dynamics", "--workers", "2", "-o", output,
    ]  # fmt: skip


def test_score_loses_a_worker_in_every_stage(watch: Watch, folder: Path, tmp_path: Path) -> None:
    watch.hold(*STAGES)
    client = command(*arguments(folder, tmp_path / "t"), watch=watch)
    lost = watch.kill_held_workers(client)
    succeeded(client)
    assert contents(tmp_path / "t" / "cartography") == contents(folder / "threads" / "cartography")
    assert sorted(stage for stage, _ in lost) == sorted(STAGES)
    times = Counter(watch.began())
    assert {task for task, count in times.items() if count > 1} == set(lost)
    for stage in ("finding-records", "reading-dynamics", "sorting-dynamics", "mapping"):
        assert sum(name == stage for name, _ in times) == 3, stage


def test_killed_command_goes_on_where_it_was(watch: Watch, folder: Path, tmp_path: Path) -> None:
    watch.hold("sorting-dynamics")
    client = command(*arguments(folder, tmp_path / "t"), watch=watch)
    wait_for(watch.held)
    client.send_signal(signal.SIGKILL)
    client.communicate()
    before = Counter(stage for stage, _ in watch.began())
    watch.clear()
    again = command(*arguments(folder, tmp_path / "t"), watch=watch)
    succeeded(again)
    after = {stage for stage, _ in watch.began()}
    assert before["reading-dynamics"] == 3
    assert after & set(STAGES) == {"sorting-dynamics", "naming-classes", "mapping"}
    assert contents(tmp_path / "t" / "cartography") == contents(folder / "threads" / "cartography")


def test_tables_have_the_ids_of_the_data(folder: Path) -> None:
    table = hardness.open_table(folder / "threads")
    assert table.frame("cartography").collect()["id"].to_list() == [guid_of(i) for i in range(N)]
    content = json.loads((local(table.path) / "cartography" / "metric.json").read_text())
    assert content["partly_observed"] > 0
