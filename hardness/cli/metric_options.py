"""The options of `hardness score` that belong to metrics, one panel a family."""

from __future__ import annotations

from typing import Annotated

import typer

_NGRAM = "N-gram metrics"
_GIVEN = "Scores that are given"

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

Higher = Annotated[
    str | None,
    typer.Option(
        help="What a higher number means: a `harder` or an `easier` record; for column:NAME and "
        "import, which takes `loss=harder,margin=easier`, too.",
        show_default=False,
        rich_help_panel=_GIVEN,
    ),
]
From = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        help="For import: the file with the scores, JSONL, CSV, TSV, Parquet or Arrow; may be "
        "repeated.",
        show_default=False,
        rich_help_panel=_GIVEN,
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        help="For import: the column that names the record, in the file and in the data; `row` "
        "for its 0-based place.",
        show_default="the data's id",
        rich_help_panel=_GIVEN,
    ),
]
Chosen = Annotated[
    str | None,
    typer.Option(
        "--columns",
        help="For import: the file's columns to take, comma-separated, the primary one first.",
        show_default="all that hold numbers",
        rich_help_panel=_GIVEN,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(
        help="For import and column:NAME: what to call the metric in the table.",
        show_default="the metric's own name",
        rich_help_panel=_GIVEN,
    ),
]
