"""What an experiment's runs would refuse, found before the first of them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import hardness
from hardness.errors import HardnessError
from hardness.experiments.compare import _score, compare
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
        (
            "    order: 2",
            "    holdout: group",
            ":7: group must be a column for --holdout group, got",
        ),
        ("    order: 2", "    group: topic", ":7: group must be a column of .*, got 'topic'"),
        ("    order: 2", "    reference: [none.jsonl]", ":7: reference must be an existing file"),
        (
            "    order: 2",
            "  - {metric: 'column:size', higher: harder}",
            ":8: column must be one of text, label, got 'size'",
        ),
        (
            "    order: 2",
            "  - {metric: lm, model: none}",
            ":8: model must be the folder of a local",
        ),
        (
            "    order: 2",
            "  - {metric: perplexity, order: 2}",
            ":8: score must name each metric once, got 'perplexity' again",
        ),
        (
            "    order: 2",
            "  - {metric: cartography, proxy: linear, folds: 9}",
            ":8: folds must be at most the number of records, 3, got 9",
        ),
        ("by: perplexity.nll", "by: perplexity - perplexity.nll", ":14: by must say which way is"),
        ("by: perplexity.nll", "by: perplexity.n_tokens ** 2", ":14: by must say which way is har"),
        (
            "by: perplexity.nll\n    order: descending",
            "admit: perplexity.n_tokens:linear",
            ":14: column must be a score of perplexity: perplexity, nll, n_oov, got 'n_tokens'",
        ),
        (
            "order: random",
            "select: region:hard",
            ":12: metric must be one of perplexity in the tab",
        ),
        (
            "order: random",
            "select: region:hard,metric=perplexity",
            ":12: column must be one of perplexity.perplexity, .*, got 'perplexity.confidence'",
        ),
        (
            "order: random",
            "curriculum: ambiguous-third",
            ":12: metric must be one of perplexity in",
        ),
        ("order: random", "select: between:0.9,0.1", ":12: a must be below b, got between:0.9,0.1"),
        ("order: random", "trainable: nothing", ":12: trainable must find at least one parameter"),
        ("epochs: 1", "record_dynamics: during", ":5: record_dynamics must be 'after' for shards"),
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


def test_metrics_are_looked_at_together_with_the_arms(folder: Path) -> None:
    """Of a metric that does not fit the data it is known all the same what it would hold."""
    write(folder / "train.jsonl", {"text": "x"}, {"text": "y"})
    write(folder / "eval.jsonl", {"text": "x"})
    scored = "score:\n  - ngram-pvi\n  - {metric: kenlm, order: 9}\n  - pvi\n"
    arms = "arms:\n  a: {by: ngram-pvi.predicted}\n  b: {by: rank(ngram-pvi.predicted)}\n"
    told = message(folder, f"data: train.jsonl\neval: eval.jsonl\n{scored}{arms}")
    lines = [line.partition(":")[2].partition(", got")[0] for line in told.splitlines()[1:]]
    assert lines == [
        "4: label must be a column for ngram-pvi",
        "5: order must be 2 to 5",
        "6: model must be the folder of a local Hugging Face model",
        "8: ngram-pvi.predicted must be a column of numbers",
        "9: ngram-pvi.predicted must be a column of numbers",
    ]


@pytest.mark.parametrize(
    ("item", "package"),
    [("kenlm", "kenlm"), ("{metric: cartography, proxy: tiny}", "torch"), ("lm", "torch")],
    ids=["kenlm", "proxy", "model"],
)
def test_package_that_a_later_metric_needs_is_missed_before_the_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch, item: str, package: str
) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] == package or name.startswith("hardness.inference"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    item = item.replace("lm", f"{{metric: lm, model: {folder}}}") if item == "lm" else item
    text = WHOLE.replace("    order: 2", f"    order: 2\n  - {item}")
    told = message(folder, text.replace("order: random", "by: perplexity"))
    assert re.search(f":9: .* got no (such package|{package}); pip install 'hardness", told), told


def test_one_class_is_none(folder: Path) -> None:
    write(folder / "train.jsonl", {"text": "x", "label": "good"}, {"text": "y", "label": None})
    write(folder / "eval.jsonl", {"text": "x", "label": "good"})
    told = message(folder, f"label: label\n{WHOLE.lstrip()}")
    assert told.startswith(":1: label must have at least 2 classes, got 1; ")


def test_columns_may_be_named_for_one_metric(folder: Path) -> None:
    records = [{"text": f"a {word}", "label": word, "of": word} for word in ("good", "bad")]
    write(folder / "train.jsonl", *records)
    text = WHOLE.replace("    order: 2", "    holdout: group\n    group: of")
    (folder / "try.yaml").write_text(f"label: label\n{text}", encoding="utf-8")
    read = read_experiment(folder / "try.yaml")
    table = _score(read, folder, {})
    assert hardness.open_table(table).metric("perplexity").parameters["group"] == "of"


def test_region_of_a_metric_that_is_scored_is_let_through(folder: Path) -> None:
    text = WHOLE.replace("    order: 2", "  - {metric: confidence, proxy: linear, folds: 2}")
    text = text.replace("order: random", "by: perplexity, select: 'region:easy,metric=confidence'")
    text = text.replace("  plain:\n    by", "  plain: {by").replace("confidence'", "confidence'}")
    (folder / "try.yaml").write_text(text, encoding="utf-8")
    assert read_experiment(folder / "try.yaml").arms


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
