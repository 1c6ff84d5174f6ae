"""A comparison as the rows of a table, for the terminal and for Markdown alike."""

from __future__ import annotations

from hardness.experiments.analysis import ArmResult, Comparison
from hardness.experiments.statistics import Difference, Mean

HEAD = (
    *("arm", "{measure}", "Δ to {baseline}", "p", "Holm", "steps", "mean ω"),
    *("Δ to matched", "reached"),
)


def head(comparison: Comparison) -> list[str]:
    """The names of the columns."""
    measure = comparison.measure.removesuffix("_fraction").removesuffix("_nats")
    return [name.format(measure=measure, baseline=comparison.baseline) for name in HEAD]


def rows(comparison: Comparison) -> list[list[str]]:
    """A row an arm, as text; columns as in `HEAD`."""
    return [_row(arm) for arm in comparison.arms]


def notes(comparison: Comparison) -> list[str]:
    """What the columns mean."""
    better = "higher" if comparison.direction == "higher" else "lower"
    seeds = comparison.arms[0].final.n
    said = [
        f"{comparison.measure}, {better} is better: mean ± 95% interval over {seeds} "
        + ("seed." if seeds == 1 else "seeds."),
        "Δ is the mean difference seed by seed, p that of a two-sided permutation test of its "
        "sign, Holm the same corrected for all arms.",
        f"reached is the share of the baseline's steps after which the mean curve is no worse than "
        f"{comparison.baseline} at its end.",
    ]
    if len({arm.steps for arm in comparison.arms}) > 1:
        said.append(
            "The arms do not all have the same number of steps, so part of a difference may be "
            "that one trained longer."
        )
    if any(arm.matched for arm in comparison.arms):
        said.append(
            "An arm whose mean ω is not 1 trained at another learning rate in effect; Δ to matched "
            "compares it with a baseline of that learning rate. (An Adam optimiser cancels a "
            "constant factor of the loss, so what is left there is how ω moves.)"
        )
    return said


def _row(arm: ArmResult) -> list[str]:
    found, control = arm.difference, arm.matched_difference
    return [
        arm.name,
        _mean(arm.final),
        "" if found is None else _mean(found.mean, signed=True),
        _p(None if found is None else found.p),
        _p(None if found is None else found.p_adjusted) + (" *" if arm.significant else ""),
        f"{arm.steps:,.0f}",
        "" if arm.mean_weight is None else f"{arm.mean_weight:.2f}",
        "" if control is None else f"{_mean(control.mean, signed=True)} {_of(control)}",
        "never" if arm.reached is None else f"{arm.reached:.0%}",
    ]


def _mean(mean: Mean, *, signed: bool = False) -> str:
    value = f"{mean.value:+.4f}" if signed else f"{mean.value:.4f}"
    return value if mean.half_width is None else f"{value} ± {mean.half_width:.4f}"


def _p(p: float | None) -> str:
    return "" if p is None else f"{p:.3f}"


def _of(difference: Difference) -> str:
    return "" if difference.p is None else f"(p {difference.p:.3f})"
