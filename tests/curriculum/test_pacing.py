"""Levels of difficulty, when they are reached, and the draws from what is admitted."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum import pacing
from hardness.curriculum.pacing import NEVER, discrete_pace, draw_admitted, root_pace


def deepspeed(step: int, total: int, low: int, high: int, difficulty_step: int, p: float) -> int:
    """The difficulty that DeepSpeed's documentation gives for a training step."""
    difficulty = math.floor((step / total) ** (1 / p) * (high - low) + low)
    return min(difficulty - difficulty % difficulty_step, high)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
@pytest.mark.parametrize(("low", "high", "step"), [(8, 64, 8), (10, 100, 1), (5, 50, 15)])
def test_root_pace_is_the_one_of_deepspeed(low: int, high: int, step: int, p: float) -> None:
    total = 500
    pace = root_pace(start=low, end=high, step=step, p=p, until=1.0)
    for training_step in range(total):
        expected = max(deepspeed(training_step, total, low, high, step, p), low)
        level = np.searchsorted(pace.begins, training_step / total + 1e-12, side="right") - 1
        assert pace.levels[level] == expected, training_step


def test_root_pace_reaches_its_end_even_where_it_is_no_multiple_of_the_step() -> None:
    pace = root_pace(start=0.1, end=1.0, step=0.4, p=1, until=0.5)
    assert pace.levels == pytest.approx([0.1, 0.4, 0.8, 1.0])
    assert pace.begins == pytest.approx([0, 0.5 * 0.3 / 0.9, 0.5 * 0.7 / 0.9, 0.5])


def test_a_pace_that_does_not_move_has_one_level() -> None:
    pace = root_pace(start=0.3, end=0.3, step=None, p=2, until=1.0)
    assert (pace.levels.tolist(), pace.begins.tolist()) == ([0.3], [0.0])


def test_discrete_pace_holds_a_level_to_the_end_of_its_part() -> None:
    pace = discrete_pace(levels=(1, 2, 3), until=(0.25, 0.5))
    values = np.array([0.5, 1, 1.5, 2, 3, 3.5])
    times = pace.by_value(values)
    assert times[:2].tolist() == [0, 0]
    assert np.all(times[2:4] > 0.25)
    assert times[2:4] == pytest.approx([0.25, 0.25])
    assert times[4] == pytest.approx(0.5)
    assert times[5] == NEVER


def test_percentile_admits_counts_of_the_easiest() -> None:
    pace = discrete_pace(levels=(0.25, 0.5), until=(0.5,))
    times = pace.by_percentile(np.zeros(8), np.array([7, 6, 5, 4, 3, 2, 1, 0]))
    assert times == pytest.approx([NEVER] * 4 + [0.5, 0.5, 0, 0])


def test_a_percentile_of_nothing_admits_one_record() -> None:
    pace = discrete_pace(levels=(0.0, 1.0), until=(0.5,))
    assert np.count_nonzero(pace.by_percentile(np.zeros(5), np.arange(5)) == 0) == 1


@given(
    times=st.lists(st.sampled_from([0.0, 0.3, 0.5, NEVER]), min_size=1, max_size=30),
    passes=st.integers(1, 6),
    seed=st.integers(0, 9),
)
def test_draws_come_from_what_is_admitted(times: list[float], passes: int, seed: int) -> None:
    known = np.array([0.0, *times])
    positions = passes * len(known)
    sequence = draw_admitted(known, positions, np.random.default_rng(seed))
    assert len(sequence) == positions
    assert np.all(known[sequence] <= np.arange(positions) / positions)


def test_a_cluster_is_used_up_before_a_record_of_it_returns() -> None:
    known = np.array([0.0] * 7 + [0.5] * 5)
    sequence = draw_admitted(known, 600, np.random.default_rng(0))
    for members in (range(7), range(7, 12)):
        drawn = [index for index in sequence.tolist() if index in members]
        counted = Counter(drawn)
        assert max(counted.values()) - min(counted.values()) <= 1
    late = np.bincount(sequence[300:], minlength=12)
    assert late.min() > 15  # of 25 on average: uniform over both clusters


def test_draws_do_not_depend_on_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    known = np.repeat([0.0, 0.2, 0.7], 20)
    whole = draw_admitted(known, 500, np.random.default_rng(3))
    monkeypatch.setattr(pacing, "CHUNK", 33)
    np.testing.assert_array_equal(draw_admitted(known, 500, np.random.default_rng(3)), whole)


def test_more_clusters_than_16_bits_count_are_drawn_right() -> None:
    n = 70_000
    times = np.arange(n) / n
    drawn = draw_admitted(times, n, np.random.default_rng(0))
    assert (times[drawn] <= np.arange(n) / n).all()
    assert drawn.max() > 2**16
