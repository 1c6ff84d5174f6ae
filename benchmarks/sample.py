"""What each metric says of the generated sample, whose difficulty and wrong labels are known.

    python benchmarks/sample.py

For every column that is a score: the Spearman correlation of its hardness with the tier that a
record was generated in, over the records whose label is right, and the AUROC with which hardness
tells the records whose label was flipped from the others. Null scores are left out.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import hardness
from hardness.demo.sample import write_sample
from hardness.normalize import rank, to_hardness

METRICS: dict[str, dict[str, Any]] = {
    "perplexity": {},
    "ngram-pvi": {"text": "hypothesis"},
    "cartography": {"proxy": "linear"},
    "surface": {},
}
SUSPECTS = "suspects, of cartography"


def spearman(scores: np.ndarray, others: np.ndarray) -> float:
    """The correlation of ranks; 0 where one of them is constant."""
    if np.ptp(scores) == 0:
        return 0.0
    return float(np.corrcoef(rank(scores), rank(others))[0, 1])


def auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    """The share of pairs of a positive and another record in which the positive scores higher."""
    n, total = int(positive.sum()), len(scores)
    ranks = rank(scores) * (total - 1)
    return (ranks[positive].sum() - n * (n - 1) / 2) / (n * (total - n))


def row(name: str, scores: np.ndarray, truth: pl.DataFrame) -> str:
    """A line of the table: of scores as hardness, NaN where undefined."""
    known = ~np.isnan(scores)
    flipped, tier = truth["flipped"].to_numpy(), truth["tier"].cast(pl.Float64).to_numpy()
    right = known & ~flipped
    correlation = spearman(scores[right], tier[right])
    return f"| `{name}` | {correlation:+.2f} | {auroc(scores[known], flipped[known]):.2f} |"


def main() -> None:
    """Score the sample with every metric and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        path, _ = write_sample(folder)
        truth = pl.read_ndjson(path)
        print("| column | Spearman with the tier | AUROC of flipped labels |\n|---|---|---|")
        for metric, options in METRICS.items():
            output = Path(folder) / metric
            result = hardness.score(path, metric=metric, label="label", output=output, **options)
            frame = result.table.frame(metric).collect()
            for column, direction in result.info.directions.items():
                values = frame[column].cast(pl.Float64).to_numpy()
                scores = np.full(len(values), np.nan)
                known = ~np.isnan(values)
                scores[known] = to_hardness(
                    values[known],
                    direction="higher" if direction == "higher" else "lower",
                    method="rank",
                )
                print(row(f"{metric}.{column}", scores, truth))
            if metric == "cartography":
                found = hardness.suspects(output, top=0)
                scores = np.full(len(truth), np.nan)
                scores[found.rows.astype(np.int64)] = found.suspicion
                print(row(SUSPECTS, scores, truth))


if __name__ == "__main__":
    main()
