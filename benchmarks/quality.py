"""How well each metric finds what is hard and what is wrong, and what cross-fitting is worth.

On the generated sample, whose tiers of difficulty and flipped labels are known, and on any labelled
data, where metrics are compared with the cross-fitted confidence, or with labels flipped here.

python benchmarks/quality.py --models
python benchmarks/quality.py --data snli_train.jsonl --label label --group premise
python benchmarks/quality.py --data snli_train.jsonl --label label --group premise --flip 0.1
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import rankdata, spearmanr

import hardness
from hardness.demo.sample import write_sample
from hardness.errors import HardnessError
from hardness.io.table import HardnessTable
from hardness.stages.suspects import suspects

PROXY: dict[str, Any] = {"metric": "cartography", "proxy": "linear"}
METRICS: dict[str, dict[str, Any]] = {
    "perplexity": {"metric": "perplexity"},
    "ngram-pvi": {"metric": "ngram-pvi"},
    "kenlm": {"metric": "kenlm"},
    "surface": {"metric": "surface"},
    "cartography": PROXY,
}
"""In one table."""
IN_SAMPLE: dict[str, dict[str, Any]] = {
    "perplexity": {"metric": "perplexity", "holdout": "none"},
    "ngram-pvi": {"metric": "ngram-pvi", "holdout": "none"},
    "cartography": {**PROXY, "folds": 1},
}
"""In another: by models that were fitted on what they score."""
UNWANTED = {"n_epochs", "n_tokens", "n_oov", "predicted", "suggested"}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", help="labelled data; the generated sample if left out")
    parser.add_argument("--label")
    parser.add_argument("--group", help="column whose equal values are held out together")
    parser.add_argument("--flip", type=float, help="flip this share of the labels first")
    parser.add_argument(
        "--models", action="store_true", help="train a tiny model, too, and score with it"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        data = write_sample(work)[0] if arguments.data is None else Path(arguments.data)
        if arguments.flip is not None:
            data = _flipped(data, work / "flipped.jsonl", arguments.label, arguments.flip)
        columns = {"label": arguments.label, "group": arguments.group}
        records = pl.read_ndjson(data)
        known = records if "flipped" in records.columns else None
        held_out = _scored(data, work / "held", METRICS, columns)
        if arguments.models:
            _score_by_models(data, work, held_out, columns)
        tables = {
            "": held_out,
            ", in-sample": _scored(data, work / "in-sample", IN_SAMPLE, columns),
        }
        if arguments.models:
            tiny = {"cartography": {**PROXY, "proxy": "tiny"}}
            tables[", `tiny`"] = _scored(data, work / "tiny", tiny, columns)
        print(f"\n{held_out.rows:,} records\n")
        if known is None:
            _print_agreement(tables)
        else:
            _print_planted(tables, known)
        _print_accuracy(data, work, columns)


def _flipped(data: Path, output: Path, label: str, share: float) -> Path:
    """A copy of the data with some labels replaced by the label of the next class."""
    records = pl.read_ndjson(data)
    rng = np.random.default_rng(0)
    chosen = pl.Series("flipped", rng.permutation(len(records)) < share * len(records))
    classes = records[label].unique().sort().to_list()
    following = dict(zip(classes, [*classes[1:], classes[0]], strict=True))
    wrong = pl.when(chosen).then(pl.col(label).replace_strict(following)).otherwise(label)
    records.with_columns(wrong.alias(label), chosen).write_ndjson(output)
    return output


def _scored(
    data: Path, output: Path, metrics: dict[str, dict[str, Any]], columns: dict[str, Any]
) -> HardnessTable:
    """The table of several metrics; those whose package is missing are told and left out."""
    table = None
    for options in metrics.values():
        # Groups are held out together, where records are held out at all.
        grouped = columns["group"] and options["metric"] in ("perplexity", "ngram-pvi")
        holdout = {"holdout": "group"} if grouped and "holdout" not in options else {}
        try:
            table = hardness.score(str(data), output=output, **columns, **options, **holdout).table
        except HardnessError as error:
            print(f"left out: {error}")
    assert table is not None
    return table


def _score_by_models(data: Path, work: Path, table: HardnessTable, columns: dict[str, Any]) -> None:
    """Add the scores of tiny models that are trained on the data they score."""
    shards = work / "shards"
    hardness.build(table.path, output=shards, by="perplexity", order="random")
    options = {**columns, "output": table.path}
    for task, metrics, epochs in (
        ("classification", ("pvi", "grand"), 3),
        ("causal-lm", ("lm",), 1),
    ):
        model = hardness.train(shards, work / task, task=task, epochs=epochs).model
        for metric in metrics:
            hardness.score(str(data), metric=metric, model=str(model), **options)


def _columns(tables: dict[str, HardnessTable]) -> Iterator[tuple[str, np.ndarray]]:
    """Every score with a direction, turned so that higher is harder, NaN where it is null."""
    for suffix, table in tables.items():
        for metric in ("perplexity", "kenlm", "lm", "surface", "ngram-pvi", "pvi", "grand",
                       "cartography"):  # fmt: skip
            if metric not in table.metrics:
                continue
            info = table.metric(metric)
            frame = info.frame().collect()
            for column in info.columns:
                if column in UNWANTED:
                    continue
                try:
                    sign = 1 if info.direction_of(column) == "higher" else -1
                except HardnessError:
                    continue
                values = frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
                yield f"{metric}.{column}{suffix}", sign * values
        if "cartography" in table.metrics:
            found = suspects(table.path, top=0)
            values = np.full(table.rows, np.nan)
            values[found.rows] = found.suspicion
            yield f"`suspects`{suffix}", values


def _print_planted(tables: dict[str, HardnessTable], known: pl.DataFrame) -> None:
    flipped = known["flipped"].to_numpy()
    tier = known["tier"].to_numpy() if "tier" in known.columns else None
    tiers = ("Spearman with tier", "of true labels only") if tier is not None else ()
    heads = ("", *tiers, "AUROC of flipped labels", "nulls")
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name, score in _columns(tables):
        there = ~np.isnan(score)
        cells = [auroc(score[there], flipped[there])]
        if tier is not None:
            true = there & ~flipped
            cells[:0] = [
                correlation(score[there], tier[there]),
                correlation(score[true], tier[true]),
            ]
        print(f"| {name} | {' | '.join(f'{c:.3f}' for c in cells)} | {(~there).sum():,} |")


def _print_agreement(tables: dict[str, HardnessTable]) -> None:
    scores = dict(_columns(tables))
    confidence = scores["cartography.confidence"]
    print("| | Spearman with -confidence | nulls |")
    print("|---|---|---|")
    for name, score in scores.items():
        there = ~np.isnan(score) & ~np.isnan(confidence)
        print(
            f"| {name} | {correlation(score[there], confidence[there]):.3f} "
            f"| {np.isnan(score).sum():,} |"
        )


def _print_accuracy(data: Path, work: Path, columns: dict[str, Any]) -> None:
    """How often the proxy is right, epoch by epoch, and how sure of the given label."""
    print("\n| linear proxy, epoch | accuracy held out | accuracy in-sample |\n|---|---|---|")
    for epoch in range(1, 6):
        shares = []
        for folds in (5, 1):
            table = hardness.score(
                str(data),
                output=work / f"epoch-{epoch}-{folds}",
                epochs=str(epoch),
                folds=folds,
                **PROXY,
                **columns,
            ).table
            shares.append(table.column("cartography.correctness").collect()["value"].mean())
        print(f"| {epoch} | {shares[0]:.3f} | {shares[1]:.3f} |")


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's, ties sharing their mean rank; NaN where one of them is constant."""
    if a.min() == a.max():
        return float("nan")
    return float(spearmanr(a, b).statistic)


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """The chance that a positive scores higher than a negative, half for a tie."""
    n = int(positive.sum())
    ranks = rankdata(score)[positive].sum()
    return float((ranks - n * (n + 1) / 2) / (n * (len(score) - n)))


if __name__ == "__main__":
    main()
