"""Selection, order and what is kept at random, put together."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum.curriculum import Curriculum, problems
from hardness.curriculum.orders import orders
from hardness.curriculum.selections import Context, selections
from hardness.curriculum.shares import count_of
from hardness.errors import HardnessError
from tests.curriculum.orders.test_orders import EXAMPLES, ONCE_AN_EPOCH

RISING = np.linspace(0, 1, 40)


def sequence(n: int = 40, **options: Any) -> list[int]:
    """The sequence over n records from easy to hard."""
    hardness = RISING[:n] if n <= 40 else np.linspace(0, 1, n)
    context = Context(raw=hardness, direction="higher", read=lambda name: hardness)
    found = Curriculum(**options).sequence(hardness, context, {"a": "higher", "b": "lower"})
    return found.tolist()


def test_by_default_records_come_easy_to_hard() -> None:
    assert sequence() == list(range(40))


def test_selection_comes_before_the_order() -> None:
    assert sequence(select="between:0.25,0.5", order="descending", epochs=2) == [
        *range(19, 9, -1),
        *range(19, 9, -1),
    ]
    assert sequence(select="hardest:0.25", order="interleaved:2")[:5] == [30, 32, 34, 36, 38]


def test_schedules_draw_from_what_was_selected() -> None:
    for order in EXAMPLES:
        assert set(sequence(select="hardest:0.5", order=order, epochs=3)) <= set(range(20, 40))


def test_selections_take_columns_and_scores_of_the_records_that_are_left() -> None:
    """Half is kept at random; the hard region is then cut out of the others."""
    kept = set(sequence(select="region:hard,f=0.5,metric=m", keep_random=0.5, seed=3))
    assert len(kept) == 20 + 10
    covered = set(sequence(select="coverage:0.5", keep_random=0.5, seed=3))
    assert len(covered) == 30


@given(
    n=st.integers(0, 60),
    share=st.floats(0, 1),
    order=st.sampled_from([text for text in ONCE_AN_EPOCH if "competence" not in text]),
    epochs=st.integers(1, 3),
    seed=st.integers(0, 2**32),
)
def test_keeping_some_at_random_leaves_a_permutation_one(
    n: int, share: float, order: str, epochs: int, seed: int
) -> None:
    found = sequence(n, order=order, keep_random=share, epochs=epochs, seed=seed)
    assert Counter(found) == dict.fromkeys(range(n), epochs)


def test_what_is_not_kept_at_random_stays_in_order() -> None:
    found = sequence(400, keep_random=0.2)
    # The longest rising part has all 320 that are in order.
    tails: list[int] = []
    for index in found:
        at = int(np.searchsorted(tails, index))
        tails[at : at + 1] = [index]
    assert len(tails) >= 320
    assert found != sorted(found)


@given(f=st.floats(0.05, 1), share=st.floats(0, 1), n=st.integers(1, 60))
def test_a_selection_leaves_what_is_kept_at_random(f: float, share: float, n: int) -> None:
    kept = count_of(share, n)
    found = sequence(n, select=f"easiest:{f}", keep_random=share)
    assert len(found) == kept + count_of(f, n - kept)


def test_stages_draw_independently_of_each_other() -> None:
    """The order's shuffle is the one that it is without the other stages."""
    alone = sequence(order="random", seed=5)
    assert alone == np.random.default_rng(5).permutation(40).tolist()
    assert sequence(select="random:1", order="random", seed=5) == alone


def test_admission_takes_the_place_of_the_order() -> None:
    found = sequence(
        admit="a:discrete,levels=0.75/1,until=0.5;b:discrete,levels=0.5/1,until=0.5", epochs=10
    )
    assert set(found[:201]) == set(range(20, 30))
    assert set(found) == set(range(40))


def test_an_order_without_epochs_is_called_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    def mine(hardness: np.ndarray, rng: np.random.Generator, *, k: int) -> np.ndarray:
        return np.append(rng.permutation(3), k)

    monkeypatch.setitem(orders._items, "mine", mine)
    found = sequence(order="mine:7", epochs=2)
    assert (found[3], found[7], len(found)) == (7, 7, 8)
    assert found[:3] != found[4:7]


@pytest.mark.parametrize(
    ("registry", "option", "name"), [(orders, "order", "order"), (selections, "select", "select")]
)
def test_functions_that_return_no_indices_are_refused(
    monkeypatch: pytest.MonkeyPatch, registry: Any, option: str, name: str
) -> None:
    monkeypatch.setitem(registry._items, "wrong", lambda *_: np.array([0, 41, -1]))
    with pytest.raises(
        HardnessError, match=f"{name} 'wrong' must return indices from 0 to 39, got 41 and 1 more"
    ):
        sequence(40, **{option: "wrong"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "buckets"}, "order must be buckets:k, got 'buckets' with no k"),
        ({"select": "easist"}, "select must be one of .*did you mean 'easiest'"),
        ({"admit": "a"}, "admit must be COLUMN:SCHEDULE"),
        (
            {"admit": "a:linear", "order": "random"},
            "admit must stand alone, got order",
        ),
        ({"keep_random": 1.5}, "keep_random must be a number from 0 to 1, got 1.5"),
        ({"keep_random": float("nan")}, "keep_random must be a number from 0 to 1, got nan"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"epochs": True}, "epochs must be at least 1, got True"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"normalize": "ranks"}, "normalize must be one of .*did you mean 'rank'"),
        ({"nulls": "keep"}, "nulls must be one of error, drop, first, last, got 'keep'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        Curriculum(**options)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(HardnessError, match=r"order must.*; and epochs must.*; and nulls must"):
        Curriculum(order="x", epochs=0, nulls="x")
    assert set(problems({"order": "x", "seed": 1, "epochs": 0})) == {"order", "epochs"}


def test_the_manifest_gets_every_parameter_and_equal_curricula_the_same_text() -> None:
    first = Curriculum(order="competence:root,p=2", select="easiest:f=0.5").describe()
    second = Curriculum(order="competence", select="easiest:0.5").describe()
    assert first == second
    assert first["order"] == "competence"
    assert first["parameters"] == {
        "order": {"shape": "root", "c0": 0.01, "p": 2.0, "until": 1.0},
        "select": {"f": 0.5},
    }
    admitted = Curriculum(admit="a:linear,from=0.2").describe()
    assert admitted["order"] is None
    assert admitted["admit"] == "a:linear,from=0.2"
    assert admitted["parameters"]["admit a"]["from"] == 0.2
