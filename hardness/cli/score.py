"""`hardness score`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hardness.cli.metric_options import (
    BaseModel,
    BatchTokens,
    Buckets,
    Chosen,
    Device,
    Dynamics,
    Epochs,
    Folds,
    From,
    Higher,
    Holdout,
    MaxLength,
    Model,
    Name,
    NullModel,
    On,
    Order,
    Precision,
    Prompt,
    Proxy,
    ProxyEpochs,
    Prune,
    Reference,
    Response,
    Seed,
    SkipSymbols,
    Targets,
    Tokenizer,
)
from hardness.cli.options import (
    PANEL,
    Memory,
    OnError,
    Scheduler,
    Text,
    Threads,
    Work,
    Workers,
    output_option,
)
from hardness.cli.startup import few_collections

if TYPE_CHECKING:
    from hardness.stages.score import ScoreResult


@few_collections()
def score(
    data: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, globs or URLs: JSONL, CSV, TSV, Parquet, Arrow, text; .gz and .zst too. "
            "May be left out with --dynamics of a run.",
            show_default=False,
        ),
    ] = None,
    metric: Annotated[
        str, typer.Option(help="What to score; `hardness metrics` lists all.")
    ] = "perplexity",
    output: Annotated[
        str | None, output_option("Folder of the hardness table, a URL too.", "beside the data")
    ] = None,
    text: Text = None,
    label: Annotated[
        str | None,
        typer.Option(
            help="Label column.",
            show_default="detected",
        ),
    ] = None,
    id: Annotated[
        str | None,
        typer.Option(
            help="Column that names each record.",
            show_default="id, if there is one",
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help="Column whose equal values belong together, for --holdout group and --folds.",
            show_default=False,
        ),
    ] = None,
    on_error: OnError = "raise",
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Score again and replace what the table holds, of other data too."
        ),
    ] = False,
    order: Order = None,
    tokenizer: Tokenizer = None,
    holdout: Holdout = None,
    reference: Reference = None,
    prune: Prune = None,
    skip_symbols: SkipSymbols = False,
    dynamics: Dynamics = None,
    epochs: Epochs = None,
    proxy: Proxy = None,
    folds: Folds = None,
    proxy_epochs: ProxyEpochs = None,
    seed: Seed = None,
    buckets: Buckets = None,
    targets: Targets = None,
    model: Model = None,
    base_model: BaseModel = None,
    null_model: NullModel = None,
    prompt: Prompt = None,
    response: Response = None,
    max_length: MaxLength = None,
    batch_tokens: BatchTokens = None,
    device: Device = None,
    precision: Precision = None,
    higher: Higher = None,
    source: From = None,
    on: On = None,
    columns: Chosen = None,
    name: Name = None,
    threads: Threads = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    memory: Memory = "4GB",
    work: Work = None,
    partition_bytes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Bytes of input that a task reads.",
            show_default="by the size of the data",
            rich_help_panel=PANEL,
        ),
    ] = None,
) -> None:
    """Score how hard every record of a dataset is, into a hardness table.

    The result does not depend on where it runs. The same command again finds
    the table complete and says so; after a crash it goes on where it was.

        hardness score --metric perplexity data.jsonl
    """
    from hardness.cli.console import progress
    from hardness.cli.prune import parse_prune
    from hardness.stages.score import score as run

    with progress() as bars:
        result = run(
            data,
            metric=metric,
            output=output,
            text=text,
            label=label,
            id=id,
            group=group,
            on_error=on_error,
            overwrite=overwrite,
            threads=threads,
            workers=workers,
            scheduler=scheduler,
            memory=memory,
            work=work,
            partition_bytes=partition_bytes,
            examples=3,
            progress=bars,
            order=order,
            tokenizer=tokenizer,
            holdout=holdout,
            reference=tuple(reference) if reference else None,
            model=model,
            prune=None if prune is None else parse_prune(prune),
            skip_symbols=skip_symbols or None,
            dynamics=dynamics,
            epochs=epochs,
            proxy=proxy,
            folds=folds,
            proxy_epochs=proxy_epochs,
            seed=seed,
            buckets=buckets,
            targets=targets,
            base_model=base_model,
            null_model=null_model,
            prompt=prompt,
            response=response,
            max_length=max_length,
            batch_tokens=batch_tokens,
            device=device,
            precision=precision,
            higher=higher,
            source=tuple(source) if source else None,
            on=on,
            columns=columns,
            name=name,
        )
    _report(result)


def _report(result: ScoreResult) -> None:
    from hardness.cli.console import number, plural, say
    from hardness.cli.summary import print_examples, print_metric, print_next, rate

    for line in result.detected:
        say(line)
    tokens, seconds = result.info.content["tokens"], result.info.content["seconds"]
    if result.cached:
        say(f"already scored: {result.info.path} is of this data and these options")
    elif result.replaced:
        say("scores of other options or data were replaced")
    elif result.resumed:
        say("went on from an interrupted run")
    counted = (
        f", {number(tokens)} tokens in {seconds:.1f} s, {rate(tokens, seconds)}" if tokens else ""
    )
    say(f"{plural(result.info.rows, 'record')} scored{counted}")
    if rejects := result.info.content["rejects"]:
        listed = result.info.path / "rejects.jsonl"
        say(f"{plural(rejects, 'bad record')} left out, listed in {listed}")
    for note in result.info.content.get("notes", ()):
        say(note)
    say()
    print_metric(result.info)
    say()
    if result.examples is not None:
        print_examples(result.examples)
    print_next(result.table, result.info)
