"""The options of `hardness score` that belong to metrics, one panel a family."""

from __future__ import annotations

from typing import Annotated

import typer

_NGRAM = "N-gram metrics"
_CARTOGRAPHY = "Cartography and its columns"

Order = Annotated[
    int | None,
    typer.Option(
        help="Longest n-gram, 1 to 5.",
        show_default="3",
        rich_help_panel=_NGRAM,
    ),
]
Tokenizer = Annotated[
    str | None,
    typer.Option(
        help="`words`, `whitespace`, `chars`, `nltk`, or `hf:PATH` for a Hugging Face "
        "tokenizer.json or its folder.",
        show_default="words",
        rich_help_panel=_NGRAM,
    ),
]
Holdout = Annotated[
    str | None,
    typer.Option(
        help="What the model that scores a record is not fitted on: the `record`, its "
        "`group`, or `none`.",
        show_default="record",
        rich_help_panel=_NGRAM,
    ),
]
Reference = Annotated[
    list[str] | None,
    typer.Option(
        help="Fit on this file instead of the data, without --holdout; may be repeated.",
        show_default=False,
        rich_help_panel=_NGRAM,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        help="Score under this ARPA or KenLM binary file, for --metric kenlm; `hardness lm` "
        "makes one.",
        show_default="estimated from the reference or the data",
        rich_help_panel=_NGRAM,
    ),
]
Prune = Annotated[
    str | None,
    typer.Option(
        help="Leave out n-grams that occur at most so often, for --metric kenlm: `0,1,1`.",
        metavar="N,...",
        show_default=False,
        rich_help_panel=_NGRAM,
    ),
]
SkipSymbols = Annotated[
    bool,
    typer.Option(
        "--skip-symbols",
        help="Leave out tokens that are <s>, </s> or <unk>, for --metric kenlm.",
        rich_help_panel=_NGRAM,
    ),
]

Dynamics = Annotated[
    str | None,
    typer.Option(
        help="Recorded training dynamics: a run of `hardness train --record-dynamics`, a folder "
        "of epoch-001/*.parquet, or of dynamics_epoch_0.jsonl.",
        metavar="DIR",
        show_default=False,
        rich_help_panel=_CARTOGRAPHY,
    ),
]
Epochs = Annotated[
    str | None,
    typer.Option(
        help="Which epochs count, from 1, both ends included.",
        metavar="A..B",
        show_default="all",
        rich_help_panel=_CARTOGRAPHY,
    ),
]
