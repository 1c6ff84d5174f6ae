"""`hardness train`."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Option

from hardness.cli.options import Shards, output_option

MODEL = "Model"
WEIGHTING = "Weighting"
DATA = "Data"
LEARNING = "Learning"
MACHINE = "Machine"
WATCHING = "Watching"


def train(
    shards: Shards,
    output: Annotated[str, output_option("Local folder of the run.", False)],
    task: Annotated[
        str | None,
        Option(
            help="classification or causal-lm.",
            show_default="classification if there are labels",
        ),
    ] = None,
    model: Annotated[
        str,
        Option(
            help="tiny (a Llama of a million parameters) or a model folder.", rich_help_panel=MODEL
        ),
    ] = "tiny",
    weighting: Annotated[
        str,
        Option(
            help="What each sample's loss is multiplied by: uniform, shards (their column "
            "`weight`), s-loss, s-loss-descending, s-loss-swing, linupper, quadratic, extremes, "
            "dro-kl, focal, superloss or top-k; the last four take a number, as in focal:2.",
            rich_help_panel=WEIGHTING,
        ),
    ] = "uniform",
    ramp: Annotated[
        str,
        Option(help="Pace of s-loss: linear, sqrt, square or cosine.", rich_help_panel=WEIGHTING),
    ] = "linear",
    weight_norm: Annotated[
        str,
        Option(
            help="Divide by the mean weight: none, dataset or batch.", rich_help_panel=WEIGHTING
        ),
    ] = "none",
    r_start: Annotated[
        float,
        Option(help="Temperature of linupper and its kin at first.", rich_help_panel=WEIGHTING),
    ] = 100.0,
    r_end: Annotated[
        float, Option(help="Their temperature after the warm-up.", rich_help_panel=WEIGHTING)
    ] = 1.0,
    r_warmup: Annotated[
        float, Option(help="Share of the steps of that warm-up.", rich_help_panel=WEIGHTING)
    ] = 0.1,
    eval: Annotated[
        list[str] | None,
        Option(help="Dataset file or shards to evaluate on, URLs too.", rich_help_panel=DATA),
    ] = None,
    prompt: Annotated[
        str | None,
        Option(
            help="Columns a causal LM is given.",
            show_default="all text columns but the last",
            rich_help_panel=DATA,
        ),
    ] = None,
    response: Annotated[
        str | None,
        Option(
            help="Columns a causal LM learns.",
            show_default="the last text column",
            rich_help_panel=DATA,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        Option(
            help="Passes over the shards.",
            show_default="3, or 1 if they hold several themselves",
            rich_help_panel=LEARNING,
        ),
    ] = None,
    batch_size: Annotated[
        int, Option(help="Records in a batch, all processes together.", rich_help_panel=LEARNING)
    ] = 32,
    accumulate: Annotated[
        int, Option(help="Parts that a batch is worked through in.", rich_help_panel=LEARNING)
    ] = 1,
    shuffle: Annotated[
        bool, Option("--shuffle", help="Draw a new order each epoch.", rich_help_panel=DATA)
    ] = False,
    lr: Annotated[
        float | None,
        Option(
            help="Peak learning rate.",
            show_default="1e-3 for tiny, else 2e-5",
            rich_help_panel=LEARNING,
        ),
    ] = None,
    schedule: Annotated[
        str,
        Option(help="linear, cosine or constant after the warm-up.", rich_help_panel=LEARNING),
    ] = "linear",
    warmup: Annotated[
        float, Option(help="Share of the steps the rate rises.", rich_help_panel=LEARNING)
    ] = 0.06,
    weight_decay: Annotated[
        float, Option(help="AdamW's weight decay.", rich_help_panel=LEARNING)
    ] = 0.01,
    clip: Annotated[
        float,
        Option(help="Largest norm of the gradient; 0 does not clip.", rich_help_panel=LEARNING),
    ] = 1.0,
    max_length: Annotated[
        int | None,
        Option(
            help="Longest example in tokens.",
            show_default="512, or the model's if that is less",
            rich_help_panel=DATA,
        ),
    ] = None,
    trainable: Annotated[
        str | None,
        Option(
            help="Train only parameters whose name this regular expression finds.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    lora: Annotated[
        int | None, Option(help="Train LoRA adapters of this rank instead.", rich_help_panel=MODEL)
    ] = None,
    seed: Annotated[int, Option(help="Seed of all that is random.", rich_help_panel=LEARNING)] = 0,
    device: Annotated[str, Option(help="auto, cpu or cuda.", rich_help_panel=MACHINE)] = "auto",
    nproc: Annotated[
        int, Option(help="Processes to start on this machine.", rich_help_panel=MACHINE)
    ] = 1,
    parallel: Annotated[
        str,
        Option(help="ddp copies the model to each, fsdp shards it.", rich_help_panel=MACHINE),
    ] = "ddp",
    precision: Annotated[
        str, Option(help="fp32, or bf16 (autocast).", rich_help_panel=MACHINE)
    ] = "fp32",
    activation_checkpointing: Annotated[
        bool,
        Option(
            "--activation-checkpointing",
            help="Save memory by computing activations twice.",
            rich_help_panel=MACHINE,
        ),
    ] = False,
    compile: Annotated[
        bool, Option("--compile", help="Compile the model.", rich_help_panel=MACHINE)
    ] = False,
    eval_every: Annotated[
        int | None,
        Option(
            help="Steps between evaluations; the last step is evaluated in any case.",
            show_default="one an epoch, those that the shards hold too",
            rich_help_panel=WATCHING,
        ),
    ] = None,
    checkpoint_every: Annotated[
        int | None,
        Option(
            help="Steps between checkpoints, 0 for none; after the last step there is none.",
            show_default="one an epoch, those that the shards hold too",
            rich_help_panel=WATCHING,
        ),
    ] = None,
    keep: Annotated[int, Option(help="Checkpoints to keep.", rich_help_panel=WATCHING)] = 2,
    record_dynamics: Annotated[
        str | None,
        Option(
            help="Record training dynamics `during` the steps, or `after` each pass, which is "
            "what shards that repeat records need.",
            rich_help_panel=WATCHING,
        ),
    ] = None,
    observe: Annotated[
        str | None,
        Option(
            help="Shards whose records to observe after each pass instead, a URL too.",
            show_default="those that are trained on",
            rich_help_panel=WATCHING,
        ),
    ] = None,
    record_logits: Annotated[
        bool,
        Option(
            "--record-logits",
            help="Record the logits of each class too, with --record-dynamics.",
            rich_help_panel=WATCHING,
        ),
    ] = False,
    tensorboard: Annotated[
        bool,
        Option("--tensorboard", help="Write TensorBoard events.", rich_help_panel=WATCHING),
    ] = False,
    log_every: Annotated[
        int, Option(help="Steps between two lines of metrics.jsonl.", rich_help_panel=WATCHING)
    ] = 10,
    verify: Annotated[
        bool, Option(help="Check the digests of the shards.", rich_help_panel=DATA)
    ] = True,
    overwrite: Annotated[
        bool, Option("--overwrite", help="Train again and replace what the output folder holds.")
    ] = False,
) -> None:
    """Train a model on shards in their order, with each sample's loss weighted as you choose.

    The same command again goes on from the newest checkpoint of a run that was
    stopped, or begins anew without one. `hardness runs` compares runs. Needs the
    `train` extra.

        hardness train shards -o run --task classification --eval test.jsonl
    """
    options: dict[str, Any] = dict(locals())
    from hardness.cli.train_progress import TrainProgress
    from hardness.training.run import train as run

    with TrainProgress() as progress:
        try:
            result = run(**options, listener=progress)
        except KeyboardInterrupt:
            then = progress.afterwards(output, overwrite=overwrite)
            raise KeyboardInterrupt(then) from None
    progress.finish(result)
