"""Text that people wrote goes the whole way with no option but what the commands need."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import hardness
from hardness.cli.app import app


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


@pytest.mark.parametrize(
    ("name", "task"),
    [("snli_train.jsonl", "classification"), ("gsm8k_train.jsonl", "causal-lm")],
    ids=["snli", "gsm8k"],
)
def test_real_text_goes_the_whole_way_with_no_other_option(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, task: str
) -> None:
    pytest.importorskip("torch")
    from hardness.training.batches import BatchPlan

    def run(*arguments: object) -> str:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert done.exit_code == 0, done.output
        return done.output

    n_records = sum(1 for _ in (real_data / name).open("rb"))
    table, shards, model = (tmp_path / part for part in ("table", "shards", "run"))
    scored = run("score", "--metric", "perplexity", real_data / name, "-o", table)
    assert f"{n_records:,} records scored" in scored
    built = run("build", table, "--order", "ascending", "-o", shards)
    assert f"records   {n_records:,}" in built
    # All records are there to be trained on; a few steps show that they can be.
    monkeypatch.setattr(BatchPlan, "total_steps", property(lambda plan: 3))
    trained = run("train", shards, "--task", task, "-o", model)
    assert f"model: {model / 'model'}" in trained
    config = json.loads((model / "config.json").read_text())
    assert config["data"]["rows"] == n_records
    assert config["resolved"]["task"] == task
    lines = [json.loads(line) for line in (model / "metrics.jsonl").open()]
    assert [line["position_rows"] for line in lines] == [3 * 32]
    assert all(line["loss_nats"] > 0 for line in lines)
