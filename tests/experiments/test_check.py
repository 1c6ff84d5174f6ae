"""What an experiment's runs would refuse, found before the first of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import hardness
from hardness.errors import HardnessError
from hardness.experiments.compare import compare
from hardness.experiments.experiment import read_experiment

WHOLE = """
data: train.jsonl
eval: eval.jsonl
train:
  epochs: 1
score:
  - metric: perplexity
    order: 2
measure: accuracy_fraction
arms:
  plain:
    order: random
  hard:
    by: perplexity.nll
    order: descending
"""


def write(path: Path, *records: dict[str, Any]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    records = [{"text": f"a {word}", "label": word} for word in ("good", "bad", "good")]
    write(tmp_path / "train.jsonl", *records)
    write(tmp_path / "eval.jsonl", *records[:2])
    write(tmp_path / "other.jsonl", {"text": "x", "label": "ugly"})
    write(tmp_path / "null.jsonl", {"text": "x", "label": None}, {"text": "x", "label": "bad"})
    write(tmp_path / "bare.jsonl", {"words": "x", "label": "good"})
    write(tmp_path / "plain.jsonl", {"text": "x"}, {"text": "y"})
    (tmp_path / "broken.jsonl").write_text('{"text": "x", "label": "good"}\n{"text"\n')
    return tmp_path


def message(folder: Path, text: str) -> str:
    path = folder / "try.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HardnessError) as caught:
        compare(path)
    assert not (folder / "try").exists()
    return str(caught.value).replace(f"{path}", "")


def test_sound_experiment_is_let_through(folder: Path) -> None:
    (folder / "try.yaml").write_text(WHOLE, encoding="utf-8")
    assert len(read_experiment(folder / "try.yaml").arms) == 2


def test_option_that_says_nothing_may_be_of_another_metric(folder: Path) -> None:
    (folder / "try.yaml").write_text(WHOLE.replace("order: 2", "order: 2\n    folds: null"))
    assert read_experiment(folder / "try.yaml").arms


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("eval: eval", "eval: none", ":3: eval: data must be an existing file, got 'none.jsonl'"),
        ("eval: eval", "eval: broken", "broken.jsonl"),
        ("eval: eval", "eval: bare", ":3: eval: text must "),
        ("eval: eval", "eval: plain", ":3: eval: label must "),
        ("eval: eval", "eval: other", ":3: eval: label must be one of bad, good, got ugly; give"),
        ("eval: eval", "eval: null", ":3: eval: label must be one of bad, good, got null; give"),
        (
            "data: train",
            "text: 3\ndata: train",
            ":2: text must be a text or a list of texts, got 3",
        ),
        ("order: random", "weighting: 3", ":12: weighting must be a text, got 3; put it in quotes"),
        ("epochs: 1", "prompt: [1, 2]", ":5: prompt must be a text or a list of texts, got"),
        ("data: train", "data: none", ":2: data must be an existing file, got 'none.jsonl'"),
        ("data: train", "data: broken", ":2: "),
        ("data: train", "data: plain", ":9: measure must be one of loss_nats, perplexity for this"),
        ("measure: accuracy_fraction", "measure: perplexity", ":9: measure must be one of accurac"),
        ("order: random", "order: randon", ":12: order must be one of .*did you mean 'random'"),
        ("order: random", "normalize: ranked", ":12: normalize must be one of .*'rank'"),
        ("order: random", "curriculum: none", ":12: .*none"),
        ("order: random", "shard_rows: 0", ":12: shard_rows must be at least 1, got 0"),
        ("order: random", "weighting: shards", ":12: weighting must be one that the shards can"),
        ("order: random", "weighting: s-los", ":11: weighting must be one of .*'s-loss'"),
        ("order: random", "task: causal-lm", ":9: measure must be one of loss_nats for arms of c"),
        ("epochs: 1", "prompt: text", ":5: prompt and response must be left out for classificat"),
        ("epochs: 1", "task: causal-lm\n  response: txt", ":6: response must be among the columns"),
        ("by: perplexity.nll", "by: perplexity.nil", ":14: column must be one of perplexity.perpl"),
        ("by: perplexity.nll", "by: perplexity.n_tokens", ":14: column must be a score of perpl"),
        ("by: perplexity.nll", "by: surface", ":14: metric must be one of perplexity in the table"),
        ("by: perplexity.nll", "by: rank(perplexity", ":14: by must be arithmetic over columns"),
        (
            "by: perplexity.nll\n    order: descending",
            "admit: surface:linear",
            ":14: metric must b",
        ),
        ("metric: perplexity", "metric: perplexty", ":7: metric must be one of .*'perplexity'"),
        ("    order: 2", "    ordr: 2", ":8: key must be one of .*did you mean 'order'"),
        ("    order: 2", "    order: 99", ":7: order must be"),
        ("    order: 2", "  - surface", ":11: by must be one of perplexity, surface when a table"),
    ],
    ids=lambda value: None,
)
def test_mistakes_are_told_with_their_line_before_any_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, told: str
) -> None:
    monkeypatch.chdir(folder)
    assert old in WHOLE
    found = message(folder, WHOLE.replace(old, new))
    assert re.search(told, found), found


def test_all_mistakes_are_told_together(folder: Path) -> None:
    text = WHOLE.replace("eval: eval", "eval: none").replace("order: random", "order: up")
    text = text.replace("perplexity.nll", "surface").replace("accuracy_fraction", "perplexity")
    told = message(folder, text)
    assert told.startswith("4 settings are wrong:")
    assert [line.split(":")[1] for line in told.splitlines()[1:]] == ["3", "9", "12", "14"]


def test_mistake_that_all_arms_of_a_grid_share_is_told_once(folder: Path) -> None:
    grid = "grid: {by: surface, order: [random, ascending]}\n"
    told = message(folder, WHOLE.partition("measure")[0] + grid)
    assert told.startswith(":9: metric must be one of perplexity")


def test_table_that_is_there_is_looked_into(folder: Path) -> None:
    hardness.score(folder / "train.jsonl", metric="surface", output=folder / "t")
    text = WHOLE.replace("  - metric: perplexity\n    order: 2\n", "").replace("score:", "table: t")
    assert "metric must be one of surface in" in message(folder, text)
    (folder / "try.yaml").write_text(text.replace("perplexity.nll", "surface.tokens"))
    assert read_experiment(folder / "try.yaml").scored == ()
    hardness.score(folder / "train.jsonl", metric="perplexity", output=folder / "t")
    text = text.replace("order: random", "by: surface")
    told = message(folder, text.replace("perplexity.nll", "perplexity.n_tokens"))
    assert "column must be a score of perplexity: perplexity, nll, n_oov, got 'n_tokens'" in told
    (folder / "try.yaml").write_text(text.replace("perplexity.nll", "perplexity + perplexity.nll"))
    assert read_experiment(folder / "try.yaml").arms


def test_label_that_the_table_knows_is_the_experiment_s(folder: Path) -> None:
    records = [{"text": f"a {word}", "said": word} for word in ("good", "bad")]
    write(folder / "said.jsonl", *records)
    hardness.score(folder / "said.jsonl", metric="surface", label="said", output=folder / "t")
    text = WHOLE.replace("train.jsonl", "said.jsonl").replace("eval.jsonl", "said.jsonl")
    text = text.replace("order: random", "by: surface")
    (folder / "try.yaml").write_text(f"table: t\n{text}", encoding="utf-8")
    assert read_experiment(folder / "try.yaml").table is not None
    told = message(folder, f"table: t\n{text.replace('eval: said', 'eval: other')}")
    assert "eval: label must " in told


def test_missing_table_is_told_alone(folder: Path) -> None:
    text = WHOLE.replace("  - metric: perplexity\n    order: 2\n", "")
    told = message(folder, text.replace("score:", "table: none"))
    assert told.startswith(":6: table must be a folder with dataset.json, got ")


def test_labels_of_a_pretrained_model_are_its_own(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    text = WHOLE.replace("eval: eval", "eval: other").replace("epochs: 1", f"model: {folder}")
    (folder / "try.yaml").write_text(text, encoding="utf-8")
    assert read_experiment(folder / "try.yaml").arms
