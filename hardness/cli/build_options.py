"""The options of `hardness build` that make up a curriculum."""

from __future__ import annotations

from typing import Annotated

import typer

CURRICULUM = "Curriculum"
PREVIEW = "Preview"

By = Annotated[
    str | None,
    typer.Option(
        help="What to order by: `metric`, `metric.column`, or an expression such as "
        '"0.5*rank(perplexity) + 0.5*rank(cartography.confidence)", in which ranks are turned so '
        "that higher is harder.",
        show_default="the table's only metric",
        rich_help_panel=CURRICULUM,
    ),
]
Curriculum = Annotated[
    str | None,
    typer.Option(
        help="A ready-made curriculum (`hardness curricula list`) or a YAML file of your own. "
        "Options given beside it go before what it says.",
        show_default=False,
        rich_help_panel=CURRICULUM,
    ),
]
Order = Annotated[
    str | None,
    typer.Option(
        help="In what order the records come. Easy to hard: `ascending`, `buckets:k`, "
        "`interleaved:k`, `onepass:k`, `warmup:f` (then random). Hard to easy: `descending`. At "
        "random: `random`, `repeat-random:f`. In stages with ever harder records among easy ones: "
        "`annealed:k`; repeating records: `babysteps:k`, `competence`, `linear`, `root`, "
        "`discrete:levels,until`, `cyclical`. Parameters follow as in "
        "`competence:shape=linear,c0=0.1`.",
        show_default="ascending",
        rich_help_panel=CURRICULUM,
    ),
]
Select = Annotated[
    str | None,
    typer.Option(
        help="Train on some of the records only: `easiest:f`, `hardest:f`, `between:a,b` "
        "(quantiles), `region:easy`, `region:ambiguous` or `region:hard` (of cartography), "
        "`coverage:f,prune=b`, `gumbel:f`, `random:f`; f is the share that is kept.",
        show_default="all records",
        rich_help_panel=CURRICULUM,
    ),
]
KeepRandom = Annotated[
    float | None,
    typer.Option(
        help="Share of the records that is drawn at random and kept, whatever the selection; they "
        "come at random places, whatever the order.",
        show_default="0",
        rich_help_panel=CURRICULUM,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        help="Passes that the shards hold. `hardness train` then makes one pass over them.",
        show_default="1",
        rich_help_panel=CURRICULUM,
    ),
]
Admit = Annotated[
    str | None,
    typer.Option(
        help="Instead of an order, a schedule for each of several metrics; a record is trained on "
        'once all of them let it in: "perplexity:linear,from=0.2 ; surface.tokens:root,from=0.1". '
        "`--by` says what the shards' `hardness` is; the first of them if left out.",
        show_default=False,
        rich_help_panel=CURRICULUM,
    ),
]
Normalize = Annotated[
    str | None,
    typer.Option(
        help="How scores become hardness in [0, 1]: `rank`, `minmax`, `zscore`, or `none` if "
        "they are in [0, 1] already.",
        show_default="rank",
        rich_help_panel=CURRICULUM,
    ),
]
Nulls = Annotated[
    str | None,
    typer.Option(
        help="Records without a score: `error`, `drop` them, or train on them `first` or `last`.",
        show_default="error",
        rich_help_panel=CURRICULUM,
    ),
]
Weighting = Annotated[
    str | None,
    typer.Option(
        help="Add a column `weight` for the loss, for example `s-loss`.",
        show_default=False,
        rich_help_panel=CURRICULUM,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(help="Seed of all that is random.", show_default="0", rich_help_panel=CURRICULUM),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Print what would be built, with the first and the last records, and write no shards.",
        rich_help_panel=PREVIEW,
    ),
]
Explain = Annotated[
    int | None,
    typer.Option(
        help="Print how the record of this row comes to its hardness and its places, and write "
        "no shards.",
        show_default=False,
        rich_help_panel=PREVIEW,
    ),
]
Plot = Annotated[
    str | None,
    typer.Option(
        help="Draw hardness against training position into this file: .png, .svg or .html.",
        show_default=False,
        rich_help_panel=PREVIEW,
    ),
]
