"""What a task does on a worker, apart from its work."""

from __future__ import annotations

import pickle
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hardness
from hardness.errors import HardnessError
from hardness.io.atomic import write_json
from hardness.stages.sharing import Mark, marked
from hardness.stages.workers import Work, call

HOST = socket.gethostname()


def blob(
    function: Callable[[Any], Any],
    *,
    version: str = hardness.__version__,
    marks: tuple[Mark, ...] = (),
) -> bytes:
    return pickle.dumps(Work(function=function, version=version, marks=marks))


def double(number: int) -> int:
    return 2 * number


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def read_for_the_user(path: str) -> bytes:
    try:
        return read(path)
    except OSError as error:
        raise HardnessError(f"data must stay readable, got {error}; put it back") from error


class Unsendable(Exception):  # noqa: N818
    def __init__(self) -> None:
        super().__init__("of no use elsewhere")
        self.lock = threading.Lock()


def fail(error: type[Exception]) -> None:
    raise error


def recur(depth: int) -> int:
    return recur(depth + 1)


def refuse(number: int) -> None:
    raise HardnessError(f"number must be even, got {number}; halve another") from ValueError()


def test_task_applies_the_function(tmp_path: Path) -> None:
    assert call(blob(double), 21) == 42
    (tmp_path / "work").write_bytes(blob(double))
    assert call(tmp_path / "work", 4) == 8


def test_error_of_the_users_arrives_as_it_is() -> None:
    with pytest.raises(
        HardnessError, match=r"^number must be even, got 3; halve another$"
    ) as raised:
        call(blob(refuse), 3)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert raised.value.__cause__ is raised.value.__context__ is None


@pytest.mark.parametrize(
    ("function", "item", "name"), [(fail, Unsendable, "Unsendable"), (recur, 0, "RecursionError")]
)
def test_any_other_error_arrives_as_text(function: Any, item: Any, name: str) -> None:
    with pytest.raises(RuntimeError, match=rf"(?s)a task failed on .*{name}") as raised:
        call(blob(function), item)
    assert pickle.loads(pickle.dumps(raised.value)).args == raised.value.args
    assert raised.value.__context__ is None
    assert len(str(raised.value)) < 5000


@pytest.mark.parametrize("function", [read, read_for_the_user])
def test_file_that_is_not_there_is_named(tmp_path: Path, function: Any) -> None:
    missing = tmp_path / "data.jsonl"
    with pytest.raises(
        HardnessError,
        match=rf"under the same path, got no {missing} on {HOST}; put them on a disk that all",
    ):
        call(blob(function), str(missing))


def test_worker_of_another_version_refuses() -> None:
    with pytest.raises(
        HardnessError, match=rf"workers must run hardness 0\.0\.9 .*, got {hardness.__version__} on"
    ):
        call(blob(double, version="0.0.9"), 1)


def test_worker_that_sees_another_folder_refuses(tmp_path: Path) -> None:
    with marked([tmp_path]) as marks:
        assert call(blob(double, marks=marks), 1) == 2
    with pytest.raises(HardnessError, match=rf"got another or no {tmp_path} on {HOST}"):
        call(blob(double, marks=marks), 1)
    with pytest.raises(HardnessError, match=rf"got another or no {tmp_path} on {HOST}"):
        call(tmp_path / "work", 1)


class Outlive:
    """A task whose run ends, and whose folder another run takes, before it writes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, _: int) -> None:
        with marked([self.path.parent]):
            self.path.write_text("new")
        write_json(self.path, "old")


def test_task_that_outlives_its_run_puts_nothing_in_place(tmp_path: Path) -> None:
    path = tmp_path / "part.json"
    with (
        marked([tmp_path]) as marks,
        pytest.raises(HardnessError, match="or the run has ended"),
    ):
        call(blob(Outlive(path), marks=marks), 0)
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["part.json"]


def test_marks_of_killed_runs_are_removed(tmp_path: Path) -> None:
    with marked([tmp_path]) as (old,):
        old.beside("reading").touch()
        with marked([tmp_path]) as (new,):
            assert list(tmp_path.iterdir()) == [new.path]
    assert list(tmp_path.iterdir()) == []
