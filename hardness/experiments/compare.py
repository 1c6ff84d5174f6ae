"""`hardness compare`: score, build and train every arm with every seed, and say what differs."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import hardness
from hardness.errors import HardnessError, require
from hardness.experiments.analysis import Comparison, analyse, to_match
from hardness.experiments.curves import learning_curves
from hardness.experiments.experiment import Arm, Experiment, read_experiment
from hardness.experiments.markdown import as_markdown
from hardness.experiments.measures import MEASURES
from hardness.experiments.packages import packages
from hardness.experiments.statistics import LEVEL, seeds_needed
from hardness.experiments.training import RunOutcome, plan_runs, train_all
from hardness.io.atomic import atomic_path, write_json
from hardness.io.digest import object_digest
from hardness.progress import Progress
from hardness.reporting.report import draw
from hardness.stages.cluster import Cluster, open_cluster
from hardness.training.config import TrainConfig

MARK = "experiment.json"
TABLE = "data.hardness"
RESULTS = "comparison.json"
SUMMARY = "comparison.md"
CURVES = "learning-curves.svg"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class CompareResult:
    """What `compare` found.

    Attributes:
        folder: where everything is; comparison.json and comparison.md say what was found,
            learning-curves.svg draws it.
        comparison: the same.
        seconds: wall time of this call.
    """

    folder: Path
    comparison: Comparison
    seconds: float


def compare(
    experiment: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str] | None = None,
    seeds: int | None = None,
    match: bool = True,
    run_threads: int = 1,
    threads: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    memory: int | str | None = None,
    progress: Progress | None = None,
) -> CompareResult:
    """Train every arm of an experiment with every seed and compare the arms with the baseline.

    Means and Student intervals over seeds; differences seed by seed, with a permutation test of
    their signs and Holm's correction. An arm whose mean weight is not 1 has trained at another
    learning rate in effect; it is compared with a baseline of that learning rate, too. What is done
    already is not done again.

    Args:
        experiment: YAML file; see `hardness.experiments.experiment.read_experiment`.
        output: folder of everything; named after the file, beside it, where None.
        seeds: how many, instead of those that the file names.
        match: whether to run matched baselines.
        run_threads: of each training process. It decides how sums are rounded, so the results of 1
            and of 4 differ a little; the number of runs at a time changes nothing.
        threads, workers, scheduler: where the runs are made and how many at a time; see
            `hardness.stages.cluster.open_cluster`.
        memory: of scoring and building.
        progress: is told of every run.

    Raises:
        HardnessError: a wrong experiment, a package that is missing, or what scoring, building or
            training refuses.
    """
    began = time.perf_counter()
    path = Path(experiment)
    read = read_experiment(path, seeds=seeds)
    require(*packages([arm.train for arm in read.arms], scheduler))
    _warn_of_few(read)
    folder = Path(output) if output is not None else path.with_suffix("")
    _claim(folder)
    where = {"threads": threads, "workers": workers, "scheduler": scheduler}
    local = {"memory": memory, "progress": progress}
    table = _score(read, folder, local)
    with open_cluster(progress=progress, **where) as cluster:
        arms = {arm.name: arm for arm in read.arms}
        given = {"table": table, "folder": folder, "threads": run_threads, "options": local}
        outcomes = _run(read, list(read.arms), cluster, **given)
        matched = _matched(arms, outcomes, read.baseline) if match else {}
        controls = list({arm.name: arm for arm in matched.values()}.values())
        outcomes += _run(read, controls, cluster, **given)
    measure = read.measure or _default_measure(outcomes)
    _require_measure(outcomes, measure)
    comparison = analyse(
        outcomes,
        baseline=read.baseline,
        measure=measure,
        direction=MEASURES[measure],
        matched={name: arm.name for name, arm in matched.items()},
        rng=np.random.default_rng([int(object_digest(asdict(read))[:8], 16)]),
    )
    write_json(folder / RESULTS, {"experiment": asdict(read), **asdict(comparison)})
    with atomic_path(folder / SUMMARY) as temporary:
        temporary.write_text(as_markdown(comparison), encoding="utf-8")
    with atomic_path(folder / CURVES) as temporary:
        temporary.write_bytes(draw(learning_curves(comparison), "svg"))
    return CompareResult(folder=folder, comparison=comparison, seconds=time.perf_counter() - began)


def _warn_of_few(read: Experiment) -> None:
    """Say before the work that no difference can come out as significant."""
    seeds, claims = len(read.seeds), len(read.arms) - 1
    enough = seeds_needed(claims)
    if claims and seeds < enough:
        _log.warning(
            "with %s nothing can be significant at the %.0f%% level: comparing %s with the "
            "baseline takes at least %d",
            "1 seed" if seeds == 1 else f"{seeds} seeds",
            100 * (1 - LEVEL),
            "1 arm" if claims == 1 else f"{claims} arms",
            enough,
        )


def _claim(folder: Path) -> None:
    """Make the folder, or recognise one that a comparison has made."""
    mark = folder / MARK
    if folder.exists() and not mark.is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise HardnessError(
            f"output must be a new folder or that of an earlier comparison, got {folder}; name "
            "another with -o"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(mark, {"kind": "hardness-experiment", "code_version": hardness.__version__})


def _score(read: Experiment, folder: Path, options: Mapping[str, Any]) -> Path:
    """The hardness table that the arms are built from."""
    table = folder / TABLE if read.table is None else Path(read.table)
    for metric in read.scored:
        hardness.score(
            list(read.data),
            output=table,
            overwrite=read.table is None,  # a table that the file names is not ours to replace
            **{**read.columns, **metric},
            **options,
        )
    return table


def _run(
    read: Experiment,
    arms: list[Arm],
    cluster: Cluster,
    *,
    table: Path,
    folder: Path,
    threads: int,
    options: Mapping[str, Any],
) -> list[RunOutcome]:
    plans = [
        plan
        for arm in arms
        for plan in plan_runs(
            arm,
            read.seeds,
            table=table,
            eval=read.eval,
            folder=folder,
            threads=threads,
            running=options,
        )
    ]
    return train_all(plans, cluster, folder / "runs") if plans else []


def _matched(arms: Mapping[str, Arm], outcomes: list[RunOutcome], baseline: str) -> dict[str, Arm]:
    """For each arm with another effective learning rate, the baseline trained at that one."""
    weightings = {name: arm.train.get("weighting", "uniform") for name, arm in arms.items()}
    base = arms[baseline]
    if weightings[baseline] != "uniform":
        return {}
    found = {}
    for name, mean in to_match(outcomes, weightings).items():
        factor = round(mean, 2)  # arms that hardly differ share a baseline
        lr = _learning_rate(base) * factor
        found[name] = Arm(
            name=f"{baseline}, lr × {factor:g}", build=base.build, train={**base.train, "lr": lr}
        )
    return found


def _learning_rate(arm: Arm) -> float:
    return TrainConfig(shards="shards", output="run", **arm.train).peak_lr


def _default_measure(outcomes: list[RunOutcome]) -> str:
    found = outcomes[0].evaluations[-1]
    return next(name for name in MEASURES if name in found)


def _require_measure(outcomes: list[RunOutcome], measure: str) -> None:
    for outcome in outcomes:
        if outcome.evaluations[-1][measure] is None:
            raise HardnessError(
                f"{measure} must be finite at the end of every run, got none of {outcome.arm}, "
                f"seed {outcome.seed}; lower its learning rate, or leave the arm out"
            )
