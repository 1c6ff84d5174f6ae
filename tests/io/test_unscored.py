"""What is said of a metric that a table does not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardness.io.unscored import unscored


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("surface", "score it first with --metric surface"),
        ("column:length", "score it first with --metric column:length"),
        ("mixtrue", "did you mean 'mixture'?"),
        ("Perplexty", "did you mean 'perplexity'?"),
        ("cartografy", "did you mean 'cartography', which is not scored yet?"),
        ("xyz", "there is no metric of this name; `hardness metrics` lists those that can be "
         "scored"),
    ],
    ids=["known", "family", "scored", "capital", "unscored", "unknown"],
)  # fmt: skip
def test_unknown_names_and_unscored_metrics_are_told_apart(name: str, fix: str) -> None:
    told = str(unscored(name, ["mixture", "perplexity"], Path("t")))
    assert told == f"metric must be one of mixture, perplexity in t, got {name!r}; {fix}"


def test_table_without_metrics_says_so() -> None:
    told = str(unscored("surface", [], Path("t")))
    assert told.startswith("metric must be one of none yet in t")
