"""The options of `hardness score` that belong to metrics, one panel a family."""

from __future__ import annotations

from typing import Annotated

import typer

_NGRAM = "N-gram metrics"
_CARTOGRAPHY = "Cartography and its columns"
_MODEL = "Metrics of models"
_GIVEN = "Scores that are given"

Order = Annotated[
    int | None,
    typer.Option(
        help="Longest n-gram, 1 to 5.",
        show_default="3; 2 for dsir",
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
        help="Fit on this file instead of the data, without --holdout; for dsir and zipfit, "
        "the target; may be repeated.",
        show_default=False,
        rich_help_panel=_NGRAM,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        help="Score under this model: for --metric kenlm an ARPA or KenLM binary file, as "
        "`hardness lm` makes it; for those of language models and classifiers the folder of a "
        "local Hugging Face model, as `hardness train` makes it.",
        show_default="for kenlm, estimated from the reference or the data",
        rich_help_panel=_MODEL,
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
Buckets = Annotated[
    int | None,
    typer.Option(
        help="How many buckets n-grams are hashed to, for --metric dsir.",
        show_default="10000",
        rich_help_panel=_NGRAM,
    ),
]
Targets = Annotated[
    int | None,
    typer.Option(
        help="How many of the reference's texts to compare with, for --metric zipfit.",
        show_default="100",
        rich_help_panel=_NGRAM,
    ),
]
BaseModel = Annotated[
    str | None,
    typer.Option(
        help="The model that --model is compared with, for --metric learnability and conditional.",
        show_default=False,
        rich_help_panel=_MODEL,
    ),
]
NullModel = Annotated[
    str | None,
    typer.Option(
        help="The same classifier fine-tuned on empty texts, for --metric pvi.",
        show_default="the frequencies of the labels",
        rich_help_panel=_MODEL,
    ),
]
Prompt = Annotated[
    str | None,
    typer.Option(
        help="Columns that a language model is given, comma-separated.",
        show_default="the other text columns, if --response is given",
        rich_help_panel=_MODEL,
    ),
]
Response = Annotated[
    str | None,
    typer.Option(
        help="Columns that it is scored on.",
        show_default="the other text columns, if --prompt is given; else all text",
        rich_help_panel=_MODEL,
    ),
]
MaxLength = Annotated[
    int | None,
    typer.Option(
        help="Tokens of the longest example, 8 at least; longer ones are cut off and counted.",
        show_default="512, or less if the model cannot take as many",
        rich_help_panel=_MODEL,
    ),
]
BatchTokens = Annotated[
    int | None,
    typer.Option(
        help="Tokens of a batch; halved whenever memory runs out.",
        show_default="512 on a CPU, 16384 on a GPU",
        rich_help_panel=_MODEL,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        help="`cpu`, `cuda`, or `auto` for a GPU where there is one, one for each worker.",
        show_default="auto",
        rich_help_panel=_MODEL,
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        help="`fp32` or `bf16`.",
        show_default="fp32",
        rich_help_panel=_MODEL,
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
Dynamics = Annotated[
    str | None,
    typer.Option(
        help="Recorded training dynamics: a run of `hardness train --record-dynamics`, a folder "
        "of epoch-001/*.parquet, or of dynamics_epoch_0.jsonl; a URL too.",
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
Proxy = Annotated[
    str | None,
    typer.Option(
        help="Train and observe a model instead of --dynamics: `linear`, which takes seconds, "
        "`tiny`, or the folder of a Hugging Face model.",
        metavar="linear|tiny|PATH",
        show_default=False,
        rich_help_panel=_CARTOGRAPHY,
    ),
]
Folds = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Parts of the data that are held out in turn, so that no record is observed by a "
        "model that trained on it; 1 observes them in-sample.",
        show_default="5",
        rich_help_panel=_CARTOGRAPHY,
    ),
]
ProxyEpochs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Passes of the proxy over the data.",
        show_default="5, or 3 for a model",
        rich_help_panel=_CARTOGRAPHY,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, help="Of folds and proxy.", show_default="0", rich_help_panel=_CARTOGRAPHY),
]
