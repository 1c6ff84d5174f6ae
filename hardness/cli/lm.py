"""`hardness lm`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hardness.cli.flags import Command
from hardness.cli.options import (
    PANEL,
    Data,
    Memory,
    Scheduler,
    Text,
    Threads,
    Workers,
    output_option,
)
from hardness.cli.prune import joined_prune
from hardness.cli.startup import few_collections


class LmCommand(Command):
    """A command whose `--prune` takes several numbers."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, joined_prune(args))


@few_collections()
def lm(
    data: Data,
    output: Annotated[
        str,
        output_option(
            "The model: name.arpa, or name.bin where KenLM's build_binary is on PATH.", False
        ),
    ],
    order: Annotated[int, typer.Option(help="Longest n-gram, 2 to 5.")] = 3,
    prune: Annotated[
        str,
        typer.Option(
            help="Leave out n-grams that occur at most so often, one number an order from 1, the "
            "last for the rest: `0 1 1` leaves out those longer than a word that occur once.",
            metavar="N...",
        ),
    ] = "0",
    tokenizer: Annotated[
        str, typer.Option(help="`words`, `whitespace` or `nltk`; KenLM's own is `whitespace`.")
    ] = "words",
    interpolated: Annotated[
        bool,
        typer.Option(
            "--interpolated",
            help="Instead of Kneser-Ney, the even interpolation that `score --metric perplexity "
            "--holdout none` uses. As a back-off model it is exact for every context, seen or not; "
            "it cannot hold records out, and it cannot be pruned.",
        ),
    ] = False,
    skip_symbols: Annotated[
        bool,
        typer.Option(
            "--skip-symbols",
            help="Leave out tokens that are <s>, </s> or <unk>, which are an error otherwise.",
        ),
    ] = False,
    text: Text = None,
    on_error: Annotated[
        str,
        typer.Option(help="What to do with a bad record: `raise`, or `skip` it and list it."),
    ] = "raise",
    threads: Threads = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    memory: Memory = "4GB",
    work: Annotated[
        str | None,
        typer.Option(
            help="Folder for those files.",
            show_default="beside the model",
            rich_help_panel=PANEL,
        ),
    ] = None,
) -> None:
    """Estimate an n-gram model of a dataset and write it for KenLM.

    Interpolated modified Kneser-Ney, the model that KenLM's
    `lmplz --discount_fallback` makes of the same tokens; each record is a
    sentence. Use it with `score --metric kenlm --model`, on other data: scored
    by a model of itself, a strange text looks easy.

        hardness lm corpus.jsonl -o lm.arpa --order 3 --prune 0 1 1
    """
    from hardness.cli.console import progress
    from hardness.cli.lm_summary import print_lm
    from hardness.cli.prune import parse_prune
    from hardness.stages.lm import lm as run

    with progress() as bars:
        result = run(
            data,
            output=output,
            order=order,
            prune=parse_prune(prune),
            tokenizer=tokenizer,
            interpolated=interpolated,
            skip_symbols=skip_symbols,
            text=text,
            on_error=on_error,
            threads=threads,
            workers=workers,
            scheduler=scheduler,
            memory=memory,
            work=work,
            progress=bars,
        )
    print_lm(result)
