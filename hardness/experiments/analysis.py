"""From the outcomes of runs to what they say: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hardness.experiments.statistics import (
    LEVEL,
    Difference,
    Mean,
    difference,
    holm,
    mean_interval,
    seeds_needed,
)
from hardness.experiments.training import RunOutcome

MATCH_ABOVE = 0.05
"""An arm whose mean ω is further than this from 1 trained at another effective learning rate."""


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """An evaluation at one step, over the seeds."""

    step: int
    measure: Mean


@dataclass(frozen=True, kw_only=True)
class ArmResult:
    """What the runs of one arm say.

    Attributes:
        name: of the arm.
        final: the measure at the end, over the seeds.
        finals: seed to the measure at the end.
        curve: the measure by step, at the steps that every seed has.
        steps: optimiser steps of a run, the mean over the seeds. Where arms differ in them, the
            comparison is not one of equal compute.
        mean_weight: mean ω of its runs; None where the weights of no step are known.
        difference: to the baseline, seed by seed; None for the baseline itself.
        matched: name of the baseline at this arm's effective learning rate, if one was run.
        matched_difference: to that one, with a p of its own, not corrected.
        reached: the first step at which the curve is no worse than the baseline's mean at the end,
            as a share of the baseline's steps; None where it never is.
        significant: whether the corrected p is at most 1 − LEVEL.
        better: whether the mean difference to the baseline is for the better.
    """

    name: str
    final: Mean
    finals: Mapping[int, float]
    curve: tuple[CurvePoint, ...]
    steps: float
    mean_weight: float | None
    difference: Difference | None = None
    matched: str | None = None
    matched_difference: Difference | None = None
    reached: float | None = None
    significant: bool = False
    better: bool = False


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What an experiment says.

    Attributes:
        measure: the key of the evaluation that is compared.
        direction: "higher" or "lower", the way that is better.
        baseline: name of the baseline.
        arms: the baseline first; baselines that match an arm's learning rate last.
        conclusion: sentences.
    """

    measure: str
    direction: str
    baseline: str
    arms: tuple[ArmResult, ...]
    conclusion: tuple[str, ...]


def analyse(
    outcomes: Sequence[RunOutcome],
    *,
    baseline: str,
    measure: str,
    direction: str,
    matched: Mapping[str, str],
    rng: np.random.Generator,
) -> Comparison:
    """Compare every arm with the baseline.

    The arms' p are corrected together by Holm's method. Matched baselines are shown but are none of
    the claims: what they are compared with the baseline for is the learning rate.

    Args:
        outcomes: of every arm and seed.
        baseline: name of an arm.
        measure: a key of the evaluations.
        direction: which way is better.
        matched: arm to its matched baseline.
        rng: of the permutation tests.
    """
    names = list(dict.fromkeys(outcome.arm for outcome in outcomes))
    controls = set(matched.values())
    runs = {name: [o for o in outcomes if o.arm == name] for name in names}
    results = {name: _summary(name, runs[name], measure) for name in names}
    base = results[baseline]
    goal, steps = base.final.value, max(outcome.steps for outcome in runs[baseline])
    sign = 1.0 if direction == "higher" else -1.0
    for name, result in results.items():
        reached = [p.step for p in result.curve if sign * (p.measure.value - goal) >= 0]
        result = replace(result, reached=reached[0] / steps if reached else None)
        if name != baseline:
            found = _paired(result, base, rng)
            better = sign * found.mean.value > 0
            result = replace(result, difference=found, better=better)
        if name in matched:
            control = _paired(result, results[matched[name]], rng)
            result = replace(result, matched=matched[name], matched_difference=control)
        results[name] = result
    claims = [n for n in names if n != baseline and n not in controls]
    _correct(results, claims)
    ordered = [baseline, *claims, *(name for name in names if name in controls)]
    arms = tuple(results[name] for name in ordered)
    return Comparison(
        measure=measure,
        direction=direction,
        baseline=baseline,
        arms=arms,
        conclusion=tuple(_conclude(arms, claims, baseline)),
    )


def _summary(name: str, runs: Sequence[RunOutcome], measure: str) -> ArmResult:
    finals = {run.seed: float(run.evaluations[-1][measure]) for run in runs}
    # An evaluation that was not finite says nothing of the measure.
    by_seed = [
        {e["step"]: float(e[measure]) for e in run.evaluations if e[measure] is not None}
        for run in runs
    ]
    shared = sorted(set.intersection(*(set(found) for found in by_seed)))
    weights = [run.mean_weight for run in runs if run.mean_weight is not None]
    return ArmResult(
        name=name,
        final=mean_interval(list(finals.values())),
        finals=finals,
        curve=tuple(
            CurvePoint(step=step, measure=mean_interval([found[step] for found in by_seed]))
            for step in shared
        ),
        steps=float(np.mean([run.steps for run in runs])),
        mean_weight=float(np.mean(weights)) if weights else None,
    )


def _paired(arm: ArmResult, other: ArmResult, rng: np.random.Generator) -> Difference:
    seeds = [seed for seed in arm.finals if seed in other.finals]
    return difference([arm.finals[s] for s in seeds], [other.finals[s] for s in seeds], rng)


def _correct(results: dict[str, ArmResult], claims: Sequence[str]) -> None:
    """Put Holm's adjusted p into the claims."""
    tested: dict[str, Difference] = {}
    for name in claims:
        found = results[name].difference
        if found is not None and found.p is not None:
            tested[name] = found
    adjusted = holm([float(found.p or 0) for found in tested.values()])
    for (name, found), p in zip(tested.items(), adjusted, strict=True):
        results[name] = replace(
            results[name],
            difference=replace(found, p_adjusted=p),
            significant=p <= 1 - LEVEL,
        )


def _conclude(arms: Sequence[ArmResult], claims: Sequence[str], baseline: str) -> list[str]:
    found = {arm.name: arm for arm in arms}
    said = []
    for better, word in ((True, "better"), (False, "worse")):
        names = [n for n in claims if found[n].significant and found[n].better is better]
        if names:
            verb = "is" if len(names) == 1 else "are"
            said.append(f"{_listed(names)} {verb} significantly {word} than {baseline}.")
    if not any(found[name].significant for name in claims):
        said.append(
            f"Nothing is significant: no arm's difference to {baseline} can be told from chance "
            f"at the {1 - LEVEL:.0%} level"
            + (f", corrected for {len(claims)} comparisons." if len(claims) > 1 else ".")
        )
    n = min(arm.final.n for arm in arms)
    enough = seeds_needed(len(claims))
    if claims and n < enough:
        said.append(
            f"With {n} {'seed' if n == 1 else 'seeds'} none could be: the smallest p"
            + (f", corrected for {len(claims)}," if len(claims) > 1 else "")
            + f" is {min(1, len(claims) * 2 / 2**n):.2g}. Use at least {enough}."
        )
    return said


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def to_match(outcomes: Sequence[RunOutcome], weightings: Mapping[str, Any]) -> dict[str, float]:
    """The arms that trained at another effective learning rate, and their mean ω.

    Args:
        outcomes: of every arm and seed.
        weightings: arm to its weighting; `uniform` ones are left out.
    """
    weights: dict[str, list[float]] = {}
    for outcome in outcomes:
        uniform = weightings.get(outcome.arm, "uniform") == "uniform"
        if outcome.mean_weight is not None and not uniform:
            weights.setdefault(outcome.arm, []).append(outcome.mean_weight)
    means = {name: float(np.mean(found)) for name, found in weights.items()}
    return {name: mean for name, mean in means.items() if abs(mean - 1) > MATCH_ABOVE}
