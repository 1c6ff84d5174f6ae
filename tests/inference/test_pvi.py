"""The pvi metric: bits, by a classifier asked for one record at a time."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

import hardness
from hardness.errors import HardnessError
from tests.inference.conftest import Score, records, save_classifier

FIRST = 40


def probabilities(path: Path, *texts: str) -> list[float]:
    """p(no), p(yes) of a text, or of a pair."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model: Any = AutoModelForSequenceClassification.from_pretrained(path).eval()
    # As lists: of two single texts, an empty second one counts for none.
    encoded = AutoTokenizer.from_pretrained(path)(*[[t] for t in texts], return_tensors="pt")
    with torch.no_grad():
        return torch.softmax(model(**encoded).logits[0].double(), -1).tolist()


def test_bits_beyond_the_frequency_of_the_label(score: Score, classifier: Path) -> None:
    frame = score("pvi", model=str(classifier), text="answer")
    rows = records(300)
    share = Counter(row["label"] for row in rows if row["label"] is not None)
    total = sum(share.values())
    for row, found in zip(rows[:FIRST], frame.to_dicts(), strict=False):
        if not row["answer"] or row["label"] is None:
            assert found["pvi"] is None
            assert found["confidence"] is None
            assert found["predicted"] is None
            continue
        p = probabilities(classifier, row["answer"])
        gold = p[row["label"] == "yes"]
        bits = math.log2(gold) - math.log2(share[row["label"]] / total)
        assert found["pvi"] == pytest.approx(bits, abs=1e-4)
        assert found["confidence"] == pytest.approx(gold, rel=1e-4)
        assert found["predicted"] == ("yes" if p[1] > p[0] else "no")
    assert frame["pvi"].null_count() == 3


def test_null_model_is_asked_without_text(score: Score, classifier: Path, model: Path) -> None:
    kind = classifier.name
    null = save_classifier(model.with_name(f"null-{kind}"), model, kind, seed=1)
    frame = score("pvi", model=str(classifier), null_model=str(null))
    without = probabilities(null, "", "")
    for row, found in zip(records(300)[:3], frame.to_dicts(), strict=False):
        gold = int(row["label"] == "yes")
        given = probabilities(classifier, row["question"], row["answer"])[gold]
        bits = math.log2(given) - math.log2(without[gold])
        assert found["pvi"] == pytest.approx(bits, abs=1e-4)


def test_what_is_cut_off_is_told_from_what_just_fits(
    score: Score, data: Path, classifier: Path
) -> None:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(classifier)
    lengths = [
        len(tokenizer(row["answer"] or "")["input_ids"])
        for row in records(300)
        if row["label"] is not None
    ]
    limit = sorted(lengths)[150]
    assert lengths.count(limit) > 1
    score("pvi", model=str(classifier), text="answer", max_length=limit)
    info = hardness.open_table(data.parent / "table").metric("pvi")
    assert info.content["cut_records"] == sum(length > limit for length in lengths)
    assert info.content["classes"] == 2


def test_labels_must_be_the_classifiers(
    score: Score, data: Path, classifier: Path, model: Path
) -> None:
    with pytest.raises(HardnessError, match=r"question must be one of no, yes, got"):
        score("pvi", model=str(classifier), label="question", text="answer")
    lines = data.read_text().replace('"label"', '"class"')
    data.write_text(lines)
    with pytest.raises(HardnessError, match="label must be a column of the data for pvi, got none"):
        score("pvi", model=str(classifier))


def test_a_model_without_a_trained_head_is_refused(
    score: Score, model: Path, tmp_path: Path
) -> None:
    # Its config.json says that it is a classifier; only its weights tell that it is none.
    claims = tmp_path / "claims"
    shutil.copytree(model, claims)
    config = json.loads((claims / "config.json").read_text())
    config["architectures"] = ["LlamaForSequenceClassification"]
    (claims / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        HardnessError, match=r"trained for classification, got .* without score\.weight; fine-tune"
    ):
        score("pvi", model=str(claims))


def test_a_head_of_another_shape_is_refused(score: Score, classifier: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(classifier, other)
    config = json.loads((other / "config.json").read_text())
    config["id2label"] = {"0": "no", "1": "yes", "2": "perhaps"}
    config["label2id"] = {"no": 0, "yes": 1, "perhaps": 2}
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(HardnessError, match=r"without (classifier|score)\..*weight; fine-tune"):
        score("pvi", model=str(other))
