"""The first of a ranking against the whole of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.direction import Direction
from hardness.metrics import most_suspicious as module
from hardness.metrics.most_suspicious import Windows, most_suspicious
from hardness.metrics.suspicion import suspicion

WAYS: list[Direction] = ["lower", "higher"]


def cut(rows: np.ndarray, scores: list[np.ndarray], size: int) -> Windows:
    def read() -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            yield rows[part], [score[part] for score in scores]

    return read


def check(scores: list[np.ndarray], *, top: int, size: int) -> None:
    rows = np.arange(len(scores[0]), dtype=np.uint64) * np.uint64(3)
    found = most_suspicious(cut(rows, scores, size), WAYS[: len(scores)], top)
    whole = suspicion(scores, WAYS[: len(scores)])
    order = np.argsort(-whole, kind="stable")[:top]
    assert found.rows.tolist() == rows[order].tolist()
    assert found.suspicion.tolist() == whole[order].tolist()
    assert [score.tolist() for score in found.scores] == [s[order].tolist() for s in scores]
    assert found.count == len(rows)


# Few numbers, so that many are equal, and some so near each other that they share a level.
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, 1.0001, 1.0002, -3.0, 1e-300, np.inf, -np.inf, 7e8])


@settings(max_examples=300)
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=25),
    st.integers(0, 8),
    st.integers(1, 9),
)
def test_first_are_those_of_the_whole_ranking(
    pairs: list[tuple[float, float]], top: int, size: int
) -> None:
    columns = [np.array(column) for column in zip(*pairs, strict=True)]
    check(columns, top=top, size=size)
    check(columns[:1], top=top, size=size)


def test_candidates_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    scores = [rng.normal(size=50_000), rng.beta(2, 1, size=50_000)]
    numbers = []
    inner = module._candidates

    def counted(*arguments):  # type: ignore[no-untyped-def]
        found = inner(*arguments)
        numbers.append(len(found[0]))
        return found

    monkeypatch.setattr(module, "_candidates", counted)
    check(scores, top=20, size=4_000)
    assert 20 <= numbers[0] < 200


def test_of_equal_records_no_more_are_held_than_wanted() -> None:
    scores = [np.repeat([1.0, 2.0], 5_000)]
    rows = np.arange(10_000, dtype=np.uint64)
    levels = module._Levels()
    levels.count(-scores[0])
    found, _ = module._candidates(cut(rows, scores, 1_000), [-1.0], [levels], 20)
    assert found.tolist() == list(range(20))


def test_nothing_ranked_gives_nothing() -> None:
    found = most_suspicious(list, ["lower"], 5)
    assert (len(found.rows), found.count) == (0, 0)
