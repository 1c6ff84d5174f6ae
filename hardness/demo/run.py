"""The demo: generate, score, build and train, through the functions anyone would call."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hardness
from hardness.arguments import as_arguments
from hardness.demo.sample import SampleConfig, write_sample
from hardness.errors import HardnessError
from hardness.io.atomic import read_json, write_json
from hardness.progress import Progress, Silent
from hardness.training.progress import StepProgress

if TYPE_CHECKING:
    import polars as pl

MARK = "sample.json"
TABLE, SHARDS, RUNS = "train.hardness", "shards", "runs"
ORDERS = ("ascending", "descending", "random")
# Name, shards, weighting: S-Loss on the random order, so that the weighting alone differs from it.
ARMS = (
    ("ascending", "ascending", "uniform"),
    ("descending", "descending", "uniform"),
    ("random", "random", "uniform"),
    ("random + S-Loss", "random", "s-loss"),
)
EPOCHS = 3


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One of the trainings that are compared."""

    name: str
    """How the table calls it."""
    output: Path
    """Folder of the run."""
    accuracy: float
    """Share of the evaluation records whose label the final model gets right, in [0, 1]."""
    loss: float
    """Mean cross-entropy on the evaluation records, in nats."""
    seconds: float
    """Wall time of the call; next to nothing where the run was there already."""


@dataclass(frozen=True, kw_only=True)
class Tier:
    """What the scores say of the training records of one tier, or of all of them."""

    tier: int
    """The grammar's tier, 0 (easiest) to 3."""
    rows: int
    """Number of records."""
    flipped: int
    """Number of records with a wrong label."""
    mean: float
    """Mean perplexity."""
    median: float
    """Median perplexity."""


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """What the demo found, and where it is."""

    folder: Path
    """Everything lies below."""
    train: Path
    """The training records."""
    evaluation: Path
    """The evaluation records."""
    table: Path
    """The hardness table."""
    tiers: tuple[Tier, ...]
    """Perplexity by tier, the easiest first."""
    tier_correlation: float
    """Spearman correlation of perplexity with the tier, in [-1, 1]."""
    arms: tuple[Arm, ...]
    """The trainings, in the order of `ARMS`."""
    seconds: float
    """Wall time of everything."""


def demo(
    output: str | Path = "demo",
    *,
    sample: SampleConfig | None = None,
    epochs: int = EPOCHS,
    model: str | Path = "tiny",
    on_step: Callable[[str], None] | None = None,
    progress: Progress | None = None,
) -> DemoResult:
    """Run the whole product on a generated sample.

    What an earlier call of the same sample, epochs and model left complete in `output` is found and
    not done again.

    Args:
        output: folder for everything; made if missing.
        sample: what to generate; its seed is that of the orders and the models too.
        epochs: passes of each training, at least 1.
        model: what is trained, see `hardness.training.config.TrainConfig`.
        on_step: is told of each step by the command that does the same.
        progress: is told how far a step is.

    Raises:
        HardnessError: `output` holds something else, or a step fails.
    """
    began = time.perf_counter()
    _ = hardness.train  # so that a missing extra is told before anything is written
    config = sample or SampleConfig()
    say = on_step or (lambda command: None)
    watcher = progress or Silent()
    folder = claim(Path(output), config, epochs=epochs, model=model)
    train, evaluation = write_sample(folder, config)

    table = folder / TABLE
    say(f"hardness score {_quoted(train)} --metric perplexity -o {_quoted(table)}")
    hardness.score(train, metric="perplexity", output=table, progress=watcher)
    for order in ORDERS:
        shards = folder / SHARDS / order
        say(
            f"hardness build {_quoted(table)} --by perplexity --order {order} "
            f"--seed {config.seed} -o {_quoted(shards)}"
        )
        hardness.build(
            table,
            by="perplexity",
            order=order,
            seed=config.seed,
            output=shards,
            progress=watcher,
        )
    arms = tuple(
        _train(
            folder,
            name,
            order,
            weighting,
            say,
            watcher,
            eval=evaluation,
            epochs=epochs,
            seed=config.seed,
            model=model,
        )
        for name, order, weighting in ARMS
    )
    tiers, correlation = summarise_tiers(_scored(table, train))
    return DemoResult(
        folder=folder,
        train=train,
        evaluation=evaluation,
        table=table,
        tiers=tiers,
        tier_correlation=correlation,
        arms=arms,
        seconds=time.perf_counter() - began,
    )


def claim(
    folder: Path, config: SampleConfig, *, epochs: int = EPOCHS, model: str | Path = "tiny"
) -> Path:
    """Make the demo's folder, or recognise it by the mark that is written first.

    What a demo of another sample, epochs or model left there is removed.

    Raises:
        HardnessError: the folder holds files that are not the demo's, which it might overwrite.
    """
    mark = folder / MARK
    if folder.exists() and not mark.is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise HardnessError(
            f"output must be a new folder or that of an earlier demo, got {folder}; choose another"
        )
    content = {**asdict(config), "epochs": epochs, "model": str(model)}
    if mark.is_file() and read_json(mark) != content:
        for name in (TABLE, SHARDS, RUNS):
            shutil.rmtree(folder / name, ignore_errors=True)
    write_json(mark, content)
    return folder


def summarise_tiers(scored: pl.DataFrame) -> tuple[tuple[Tier, ...], float]:
    """Perplexity by tier.

    Args:
        scored: a row a record, with `tier`, `flipped` and `perplexity`.

    Returns:
        The tiers, the easiest first, and the Spearman correlation of perplexity with the tier.
    """
    import polars as pl

    score = pl.col("perplexity")
    tiers = (
        scored.group_by("tier")
        .agg(
            rows=pl.len(),
            flipped=pl.col("flipped").sum(),
            mean=score.mean(),
            median=score.median(),
        )
        .sort("tier")
    )
    correlation = scored.select(pl.corr("tier", "perplexity", method="spearman")).item()
    return tuple(Tier(**row) for row in tiers.to_dicts()), correlation


def _train(
    folder: Path,
    name: str,
    order: str,
    weighting: str,
    say: Callable[[str], None],
    progress: Progress,
    **options: Any,
) -> Arm:
    shards = folder / SHARDS / order
    output = folder / RUNS / (order if weighting == "uniform" else weighting)
    options |= {"task": "classification", "weighting": weighting}
    words = ["hardness", "train", str(shards), *as_arguments(options), "-o", str(output)]
    say(shlex.join(words))
    began = time.perf_counter()
    listener = StepProgress(f"training, {name}", progress)
    run = hardness.train(shards, output, listener=listener, **options)
    assert run.evaluation is not None
    return Arm(
        name=name,
        output=output,
        accuracy=run.evaluation["accuracy_fraction"],
        loss=run.evaluation["loss_nats"],
        seconds=time.perf_counter() - began,
    )


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _scored(table: Path, train: Path) -> pl.DataFrame:
    """The training records with their perplexity."""
    import polars as pl

    records = pl.read_ndjson(train).with_row_index("row").cast({"row": pl.UInt64})
    scores = hardness.open_table(table).frame("perplexity").collect()
    return records.join(scores, on="row", how="left")
