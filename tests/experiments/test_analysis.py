"""From runs to claims, on outcomes made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hardness.experiments.analysis import Comparison, analyse, to_match
from hardness.experiments.markdown import as_markdown
from hardness.experiments.training import RunOutcome


def run(arm: str, seed: int, *values: float, weight: float = 1.0) -> RunOutcome:
    """A run of 10 steps an evaluation."""
    evaluations = [
        {"step": 10 * (i + 1), "accuracy_fraction": v, "loss_nats": 1 - v}
        for i, v in enumerate(values)
    ]
    return RunOutcome(
        arm=arm, seed=seed, evaluations=evaluations, steps=10 * len(values), mean_weight=weight
    )


def analysed(outcomes: list[RunOutcome], *, measure: str = "accuracy_fraction") -> Comparison:
    return analyse(
        outcomes,
        baseline="base",
        measure=measure,
        direction="higher" if measure == "accuracy_fraction" else "lower",
        matched={"weighted": "control"} if any(o.arm == "control" for o in outcomes) else {},
        rng=np.random.default_rng(0),
    )


def arms(n: int = 8, *, gain: float = 0.1, noise: float = 0.01) -> list[RunOutcome]:
    made = []
    for seed in range(n):
        wobble = noise * (-1) ** seed
        made += [
            run("base", seed, 0.5 + wobble, 0.6 + wobble, 0.7 + wobble),
            run("good", seed, 0.6 + wobble, 0.7 + wobble, 0.7 + gain + wobble),
            run("same", seed, 0.5, 0.6, 0.7 - wobble),
        ]
    return made


def test_means_differences_and_p_are_over_the_seeds() -> None:
    base, good, same = analysed(arms()).arms
    assert base.difference is None
    assert good.final.value == pytest.approx(0.8)
    assert good.difference is not None
    assert good.difference.mean.value == pytest.approx(0.1)
    assert good.difference.p == 2 / 2**8
    assert good.difference.p_adjusted == 4 / 2**8
    assert good.significant
    assert good.better
    assert same.difference is not None
    assert same.difference.p == 1
    assert not same.significant


def test_curve_is_the_mean_of_each_step_and_reaches_the_goal_where_it_crosses_it() -> None:
    base, good, same = analysed(arms()).arms
    assert [point.step for point in good.curve] == [10, 20, 30]
    assert [p.measure.value for p in good.curve] == pytest.approx([0.6, 0.7, 0.8])
    assert (base.reached, good.reached, same.reached) == (1.0, pytest.approx(2 / 3), 1.0)


def test_arm_that_never_reaches_the_goal_says_so() -> None:
    (*_, worse) = analysed([*arms(2), run("worse", 0, 0.1, 0.2, 0.3)]).arms
    assert worse.reached is None


def test_lower_loss_is_better() -> None:
    _, good, _ = analysed(arms(), measure="loss_nats").arms
    assert good.difference is not None
    assert good.difference.mean.value == pytest.approx(-0.1)
    assert good.better


def test_conclusion_names_what_is_significant() -> None:
    assert analysed(arms()).conclusion == ("good is significantly better than base.",)
    (first, *_) = analysed(arms(gain=-0.1)).conclusion
    assert first == "good is significantly worse than base."


def test_conclusion_says_plainly_that_nothing_is_significant_and_how_many_seeds_it_takes() -> None:
    first, second = analysed(arms(4)).conclusion
    assert first.startswith("Nothing is significant: no arm's difference to base can be told from")
    assert second == (
        "With 4 seeds none could be: the smallest p, corrected for 2, is 0.25. Use at least 7."
    )


def test_matched_baseline_is_compared_with_its_arm_and_is_no_claim() -> None:
    outcomes = arms()
    for seed in range(8):
        outcomes.append(run("weighted", seed, 0.5, 0.6, 0.75, weight=1.5))
        outcomes.append(run("control", seed, 0.5, 0.6, 0.74))
    found = {arm.name: arm for arm in analysed(outcomes).arms}
    assert list(found) == ["base", "good", "same", "weighted", "control"]
    weighted = found["weighted"]
    assert weighted.matched == "control"
    assert weighted.matched_difference is not None
    assert weighted.matched_difference.mean.value == pytest.approx(0.01)
    control = found["control"].difference
    assert control is not None
    assert control.p_adjusted is None
    good = found["good"].difference
    assert good is not None
    assert good.p_adjusted == pytest.approx(3 * 2 / 2**8)


def test_arms_with_another_mean_weight_are_matched() -> None:
    outcomes = [
        run("s-loss", 0, 0.5, weight=1.4),
        run("s-loss", 1, 0.5, weight=1.6),
        run("fair", 0, 0.5, weight=1.04),
        run("plain", 0, 0.5, weight=2.0),
    ]
    weightings = {"s-loss": "s-loss", "fair": "s-loss", "plain": "uniform"}
    assert to_match(outcomes, weightings) == {"s-loss": pytest.approx(1.5)}


def test_markdown_has_a_row_an_arm() -> None:
    text = as_markdown(analysed(arms()))
    lines = text.splitlines()
    assert lines[0].startswith("| arm | accuracy | Δ to base | p | Holm |")
    assert lines[3].startswith(
        "| good | 0.8000 ± 0.0089 | +0.1000 ± 0.0000 | 0.008 | 0.016 * | 30 |"
    )
    assert len({line.count("|") for line in lines[:5]}) == 1
    assert "good is significantly better than base." in text


def test_evaluation_that_is_not_finite_is_no_point_of_the_curve() -> None:
    outcomes = arms(2)
    outcomes[0] = replace(
        outcomes[0],
        evaluations=[
            {**outcomes[0].evaluations[0], "loss_nats": None},
            *outcomes[0].evaluations[1:],
        ],
    )
    base = analysed(outcomes, measure="loss_nats").arms[0]
    assert [point.step for point in base.curve] == [20, 30]


def test_unequal_numbers_of_steps_are_told() -> None:
    told = "do not all have the same number of steps"
    assert told not in as_markdown(analysed(arms(2)))
    longer = [run("longer", seed, 0.5, 0.6, 0.7, 0.8) for seed in range(2)]
    assert told in as_markdown(analysed([*arms(2), *longer]))
