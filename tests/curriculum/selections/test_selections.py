"""What all selections have in common, and the plain ones by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum.grammar import resolve
from hardness.curriculum.selections import Context, selections
from hardness.curriculum.shares import count_of
from hardness.errors import HardnessError

EXAMPLES = (
    "easiest:{f}", "hardest:{f}", "between:0,{f}", "region:easy,f={f}", "region:hard,f={f}",
    "region:ambiguous,f={f}", "coverage:{f}", "gumbel:{f}", "random:{f}",
)  # fmt: skip


def select(
    text: str,
    hardness: list[float],
    *,
    scores: list[float] | None = None,
    columns: Mapping[str, list[float]] | None = None,
    seed: int = 0,
) -> list[int]:
    """The indices that are kept."""
    known = columns or {
        "cartography.confidence": [1 - h for h in hardness],
        "cartography.variability": hardness,
    }
    context = Context(
        raw=np.array(hardness if scores is None else scores, dtype=np.float64),
        direction="higher",
        read=lambda name: np.array(known[name], dtype=np.float64),
    )
    chosen = resolve(text, selections)(np.array(hardness), np.random.default_rng(seed), context)
    return chosen.tolist()


def test_every_selection_is_an_example() -> None:
    assert {text.partition(":")[0] for text in EXAMPLES} == set(selections.names())


@pytest.mark.parametrize("text", EXAMPLES)
@given(
    hardness=st.lists(st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 1), max_size=40),
    f=st.floats(0.01, 1),
    seed=st.integers(0, 2**63),
)
def test_as_many_are_kept_as_were_asked_for(
    text: str, hardness: list[float], f: float, seed: int
) -> None:
    text = text.format(f=f)
    kept = select(text, hardness, seed=seed)
    assert kept == sorted(set(kept))
    assert set(kept) <= set(range(len(hardness)))
    expected = count_of(f, len(hardness))
    assert len(kept) == expected or (text.startswith("between") and expected == 1)
    assert select(text, hardness, seed=seed) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("easiest:0.4", [1, 4]),
        ("easiest:0.6", [0, 1, 4]),
        ("hardest:0.4", [2, 3]),
        ("hardest:0.2", [3]),
        ("between:0.2,0.8", [0, 2, 4]),
        ("between:0.4,0.6", [0]),
        ("between:0,1", [0, 1, 2, 3, 4]),
        ("region:easy,f=0.4", [1, 4]),
        ("region:hard,f=0.2", [3]),
        ("region:ambiguous,f=0.2", [3]),
    ],
)
def test_ends_and_middles_by_hand(text: str, kept: list[int]) -> None:
    """From easy to hard: 1, 4, then 0 and 2, which are equal, then 3."""
    assert select(text, [0.5, 0.1, 0.5, 0.9, 0.1]) == kept


@given(n=st.integers(0, 60), a=st.floats(0.05, 0.45), b=st.floats(0.5, 0.95))
def test_quantiles_share_no_record_and_leave_none_out(n: int, a: float, b: float) -> None:
    hardness = np.random.default_rng(n).integers(0, 5, n) / 4
    parts = [
        select(f"between:{low},{high}", hardness.tolist()) for low, high in ((0, a), (a, b), (b, 1))
    ]
    assert sorted(index for part in parts for index in part) == list(range(n))


def test_regions_leave_out_what_was_not_observed() -> None:
    columns = {"map.confidence": [0.9, float("nan"), 0.2, 0.8], "map.variability": [0, 0, 0, 0]}
    hardness = [0.0, 0.3, 0.6, 1.0]
    assert select("region:easy,f=1,metric=map", hardness, columns=columns) == [0, 2, 3]
    assert select("region:easy,f=0.5,metric=map", hardness, columns=columns) == [0, 3]
    assert select("region:hard,f=0.25,metric=map", hardness, columns=columns) == [2]


def test_gumbel_prefers_hard_records_at_low_temperatures_and_easy_ones_below_0() -> None:
    hardness = np.linspace(0, 1, 200).tolist()

    def mean(text: str) -> float:
        return float(np.mean([hardness[index] for index in select(text, hardness)]))

    assert select("gumbel:0.2,temperature=0.0001", hardness) == list(range(160, 200))
    assert mean("gumbel:0.2,temperature=0.1") > 0.75
    assert 0.4 < mean("gumbel:0.2,temperature=100") < 0.6
    assert mean("gumbel:0.2,temperature=-0.1") < 0.25


def test_gumbel_draws_in_proportion_to_the_exponential() -> None:
    """One of two records: the harder one with probability 1 / (1 + exp(-1 / 0.5)) = 0.881."""
    chosen = [select("gumbel:0.5", [0.0, 1.0], seed=seed) for seed in range(2000)]
    assert np.mean([kept == [1] for kept in chosen]) == pytest.approx(0.881, abs=0.03)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("between:0.5,0.5", "a must be below b, got between:0.5,0.5"),
        ("gumbel:0.5,temperature=0", "temperature must not be 0"),
        ("easiest:0", "f = '0', which is not a number above 0 and up to 1"),
        ("region:odd", "name = 'odd', which is not one of easy, ambiguous, hard"),
        ("coverage:0.9,prune=0.5", "f must be at most what prune leaves, got f=0.9 with prune=0.5"),
    ],
)
def test_selections_that_cannot_be_are_refused(text: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        select(text, [0.1, 0.2, 0.3, 0.4])


def test_scores_are_turned_so_that_higher_is_harder() -> None:
    context = Context(
        raw=np.array([1.0, 2.0, 3.0]), direction="lower", read=lambda name: np.ones(3)
    )
    assert context.scores.tolist() == [-1, -2, -3]
    assert context.of(np.array([0, 2])).scores.tolist() == [-1, -3]
