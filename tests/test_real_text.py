"""Text that people wrote goes the whole way with no option but what the commands need."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import hardness


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("snli_train.jsonl", ("premise", "hypothesis")),
        ("gsm8k_train.jsonl", ("question", "answer")),
    ],
    ids=["snli", "gsm8k"],
)
def test_real_text_is_scored_and_ordered(
    real_data: Path, tmp_path: Path, name: str, text: tuple[str, ...]
) -> None:
    data = real_data / name
    table = hardness.score(data, metric="perplexity", output=tmp_path / "table").table
    assert table.columns.text == text
    records = pl.read_ndjson(data)
    scores = table.frame("perplexity").collect()
    assert len(scores) == len(records)
    assert scores["perplexity"].null_count() == 0
    assert scores["perplexity"].min() >= 1  # type: ignore[operator]

    hardness.build(table.path, by="perplexity", order="ascending", output=tmp_path / "shards")
    shards = pl.read_parquet(tmp_path / "shards" / "*.parquet").sort("position")
    assert sorted(shards["id"]) == sorted(records["id"])
    assert shards["hardness"].is_sorted()
    ordered = shards.select("row").join(scores, on="row", how="left", maintain_order="left")
    assert ordered["perplexity"].is_sorted()
