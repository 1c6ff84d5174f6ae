"""Evaluation against sums worked out one record at a time."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from hardness.curriculum.shards import open_shards
from hardness.errors import HardnessError
from hardness.training.config import TrainConfig
from hardness.training.evaluation import evaluate, load_eval_set
from hardness.training.examples import IGNORED
from hardness.training.listener import Listener
from hardness.training.parallel import World
from hardness.training.setup import Setup, prepare
from tests.training.conftest import MakeShards, pairs, questions

WORLD = World(device=torch.device("cpu"))


def lm_setup(make_shards: MakeShards, **columns: Any) -> Setup:
    path = make_shards(columns or questions(30), text=("question", "answer"), label=None)
    return prepare(TrainConfig(shards=path, output="unused", eval=path), Listener(), WORLD)


def test_the_loss_is_the_mean_over_tokens_whatever_the_batches(make_shards: MakeShards) -> None:
    setup = lm_setup(make_shards)
    model = setup.make_model().eval()
    assert setup.eval_set is not None
    total, tokens, right = 0.0, 0, 0.0
    with torch.no_grad():
        for example in setup.eval_set.examples:
            logits = model(torch.tensor([list(example.ids)])).logits[0].double()
            assert not isinstance(example.target, int)
            trained = (t for t, token in enumerate(example.target) if token != IGNORED)
            for t in trained:
                total -= torch.log_softmax(logits[t - 1], -1)[example.ids[t]].item()
                right += float(logits[t - 1].argmax() == example.ids[t])
                tokens += 1
    for batch_size in (1, 7, 64):
        found = evaluate(model, setup.task, setup.eval_set, world=WORLD, batch_size=batch_size)
        assert found["loss_nats"] == pytest.approx(total / tokens, rel=1e-5)
        assert found["perplexity"] == pytest.approx(math.exp(total / tokens), rel=1e-5)
        assert found["token_accuracy_fraction"] == pytest.approx(right / tokens)
        assert (found["samples"], found["units"]) == (30, tokens)


def test_records_without_text_are_left_out(make_shards: MakeShards) -> None:
    answers = [*questions(4)["answer"], "", None]
    setup = lm_setup(make_shards, question=["what"] * 6, answer=answers)
    assert setup.eval_set is not None
    model = setup.make_model()
    found = evaluate(model, setup.task, setup.eval_set, world=WORLD, batch_size=4)
    assert found["samples"] == 4
    assert math.isfinite(found["loss_nats"])
    assert model.training


def test_data_with_nothing_to_evaluate_is_refused(make_shards: MakeShards) -> None:
    setup = lm_setup(make_shards, question=["what", "why"], answer=["", ""])
    assert setup.eval_set is not None
    with pytest.raises(HardnessError, match="eval must have at least one record that is not empty"):
        evaluate(setup.make_model(), setup.task, setup.eval_set, world=WORLD, batch_size=4)


def test_files_and_shards_of_the_same_records_are_the_same(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    records = pairs(20)
    path = make_shards(records)
    file = tmp_path / "eval.jsonl"
    names = list(records)
    lines = [
        json.dumps(dict(zip(names, values, strict=True)))
        for values in zip(*records.values(), strict=True)
    ]
    file.write_text("\n".join(lines))
    setup = prepare(TrainConfig(shards=path, output="unused"), Listener(), WORLD)
    manifest = open_shards(path).manifest
    from_file = load_eval_set(file, setup.task, manifest)
    from_shards = load_eval_set(path, setup.task, manifest)
    assert from_file.examples == from_shards.examples
    assert from_file.digest != from_shards.digest


def test_a_missing_column_is_named(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(20))
    records = pairs(4)
    del records["label"]
    other = make_shards(records, name="other", label=None)
    setup = prepare(TrainConfig(shards=path, output="unused"), Listener(), WORLD)
    with pytest.raises(HardnessError, match=r"eval must have the columns .*, got no label"):
        load_eval_set(other, setup.task, setup.shards.manifest)
