"""`hardness train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option


def train(
    shards: Annotated[Path, Argument(help="Folder that `hardness build` wrote.")],
    output: Annotated[Path, Option("--output", "-o", help="Folder of the run.")],
    task: Annotated[
        str | None,
        Option(help="classification or causal-lm; by default classification if there are labels."),
    ] = None,
    model: Annotated[
        str,
        Option(
            help="tiny (a Llama of a million parameters, random start) or a local model folder."
        ),
    ] = "tiny",
    weighting: Annotated[
        str, Option(help="What each sample's loss is multiplied by, such as uniform or s-loss.")
    ] = "uniform",
    eval: Annotated[
        list[Path] | None, Option(help="Dataset file or shards to evaluate on after each epoch.")
    ] = None,
    prompt: Annotated[
        str | None,
        Option(help="Columns a causal LM is given; by default all text columns but the last."),
    ] = None,
    response: Annotated[
        str | None, Option(help="Columns a causal LM learns; by default the last text column.")
    ] = None,
    epochs: Annotated[int, Option(help="Passes over the shards.")] = 3,
    batch_size: Annotated[int, Option(help="Records in a batch.")] = 32,
    lr: Annotated[
        float | None, Option(help="Peak learning rate; by default 1e-3 for tiny, else 2e-5.")
    ] = None,
    schedule: Annotated[
        str, Option(help="linear, cosine or constant after the warm-up.")
    ] = "linear",
    warmup: Annotated[float, Option(help="Share of the steps the learning rate rises.")] = 0.06,
    weight_decay: Annotated[float, Option(help="AdamW's weight decay.")] = 0.01,
    clip: Annotated[float, Option(help="Largest norm of the gradient; 0 does not clip.")] = 1.0,
    max_length: Annotated[
        int | None, Option(help="Longest example in tokens; by default 512 or the model's.")
    ] = None,
    seed: Annotated[int, Option(help="Seed of all that is random.")] = 0,
    device: Annotated[str, Option(help="auto, cpu or cuda.")] = "auto",
    log_every: Annotated[int, Option(help="Steps between two lines of metrics.jsonl.")] = 10,
    verify: Annotated[bool, Option(help="Check the digests of the shards.")] = True,
    overwrite: Annotated[bool, Option(help="Replace another run in the output folder.")] = False,
) -> None:
    """Train a model on shards in their order, with each sample's loss weighted as you choose.

    For example: hardness train shards -o run --task classification --eval test.jsonl
    """
    options: dict[str, Any] = dict(locals())
    from hardness.cli.train_progress import TrainProgress
    from hardness.training.run import train as run

    with TrainProgress() as progress:
        result = run(**options, listener=progress)
    progress.finish(result)
