"""What is recorded of each sample."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from hardness.curriculum.shards import open_shards
from hardness.errors import HardnessError
from hardness.training.examples import IGNORED
from hardness.training.observations import observe_classes, observe_tokens
from hardness.training.run import train
from tests.training.conftest import MakeShards, pairs, questions, save_small_model

SMALL: dict[str, Any] = {"batch_size": 8, "max_length": 32, "device": "cpu", "epochs": 2}


def test_a_classifiers_observations_worked_out_by_hand() -> None:
    # softmax of (ln 2, 0, 0) is (1/2, 1/4, 1/4)
    logits = torch.tensor([[math.log(2), 0.0, 0.0]] * 2)
    gold_logprob, correct, margin, error = observe_classes(logits, torch.tensor([0, 1])).tolist()
    assert gold_logprob == pytest.approx([-math.log(2), -math.log(4)])
    assert correct == [1, 0]
    assert margin == pytest.approx([math.log(2), -math.log(2)])
    first = math.sqrt(0.5**2 + 0.25**2 + 0.25**2)
    second = math.sqrt(0.5**2 + 0.75**2 + 0.25**2)
    assert error == pytest.approx([first, second])


def test_the_error_of_what_is_nearly_learnt_is_not_rounded_away() -> None:
    # Odds of 1 to e^-d for each of the others: 1 - p is theirs together.
    gaps = torch.tensor([5.0, 8.0, 12.0, 16.0, 40.0])
    logits = torch.stack([gaps, torch.zeros(5), torch.zeros(5)], 1)
    others = torch.exp(-gaps) / (1 + 2 * torch.exp(-gaps))
    found = observe_classes(logits, torch.zeros(5, dtype=torch.int64))[3]
    torch.testing.assert_close(found, math.sqrt(6) * others, rtol=1e-4, atol=0)


def test_of_equal_logits_the_first_is_predicted() -> None:
    _, correct, margin, _ = observe_classes(torch.zeros(3, 3), torch.tensor([0, 1, 2])).tolist()
    assert correct == [1, 0, 0]
    assert margin == [0, 0, 0]


def test_a_language_models_observations_are_means_over_trained_tokens() -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 5, 7)
    targets = torch.randint(0, 7, (3, 5))
    targets[0, :2] = targets[1, 3:] = IGNORED
    targets[2] = IGNORED
    observed = observe_tokens(logits, targets)
    for index in (0, 1):
        kept = targets[index] != IGNORED
        expected = observe_classes(logits[index][kept], targets[index][kept]).mean(1)
        torch.testing.assert_close(observed[:, index], expected)
    assert observed[:, 2].isnan().all()


def test_small_pieces_give_what_one_piece_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    logits, targets = torch.randn(4, 9, 11), torch.randint(0, 11, (4, 9))
    whole = observe_tokens(logits, targets)
    monkeypatch.setattr("hardness.training.observations.PIECE_VALUES", 30)
    assert torch.equal(observe_tokens(logits, targets), whole)


@pytest.mark.parametrize("task", ["classification", "causal-lm"])
def test_every_record_is_recorded_once_an_epoch(
    make_shards: MakeShards, tmp_path: Path, task: str
) -> None:
    records = pairs(30)
    records["premise"][4] = records["hypothesis"][4] = ""
    path = make_shards(records)
    output = tmp_path / "run"
    train(path, output, task=task, record_dynamics="during", record_logits=True, **SMALL)
    rows = open_shards(path).column("row").to_pylist()
    for epoch in (1, 2):
        table = pq.read_table(output / "dynamics" / f"epoch-{epoch:03d}" / "rank-0.parquet")
        assert table["row"].to_pylist() == rows
        names = ["row", "gold_logprob", "correct", "margin", "error_norm"]
        assert table.column_names == names + (["logits"] if task == "classification" else [])
        assert [str(table.schema.field(name).type) for name in names] == ["uint64"] + ["float"] * 4
        # The record without text is undefined, and it alone.
        for name in names[1:]:
            nulls = [row is None for row in table[name].to_pylist()]
            assert nulls == [index == 4 for index in range(30)]


@pytest.mark.parametrize("task", ["classification", "causal-lm"])
def test_a_pass_after_the_epoch_sees_the_model_of_its_end(
    make_shards: MakeShards, tmp_path: Path, task: str
) -> None:
    path = make_shards(
        pairs(30) if task == "classification" else questions(30),
        **({} if task == "classification" else {"text": ("question", "answer"), "label": None}),
    )
    result = train(path, tmp_path / "run", eval=path, record_dynamics="after", **SMALL)
    table = pq.read_table(tmp_path / "run" / "dynamics" / "epoch-002" / "rank-0.parquet")
    assert result.evaluation is not None
    if task == "classification":
        loss = -sum(table["gold_logprob"].to_pylist()) / 30
        assert loss == pytest.approx(result.evaluation["loss_nats"], rel=1e-5)
        share = sum(table["correct"].to_pylist()) / 30
        assert share == pytest.approx(result.evaluation["accuracy_fraction"])
    else:
        assert max(table["gold_logprob"].to_pylist()) <= 0


def test_records_that_the_shards_repeat_are_observed_once_after_each_epoch(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    records = pairs(20)
    twice = make_shards(
        {name: [*values, *values] for name, values in records.items()}, rows=[*range(20)] * 2
    )
    train(twice, tmp_path / "run", record_dynamics="after", **SMALL)
    for epoch in (1, 2):
        table = pq.read_table(
            tmp_path / "run" / "dynamics" / f"epoch-{epoch:03d}" / "rank-0.parquet"
        )
        assert table["row"].to_pylist() == list(range(20))
    with pytest.raises(HardnessError, match=r"record_dynamics must be 'after' .* up to 2 times"):
        train(twice, tmp_path / "other", record_dynamics="during", **SMALL)


def test_other_records_can_be_observed_than_those_trained_on(
    make_shards: MakeShards, tmp_path: Path
) -> None:
    path = make_shards(pairs(30))
    other = make_shards(pairs(12, seed=1), name="other", weight=[1.0] * 12)
    result = train(
        path, tmp_path / "run", eval=other, observe=other, record_dynamics="after", **SMALL
    )
    assert result.evaluation is not None
    for epoch in (1, 2):
        table = pq.read_table(tmp_path / "run" / "dynamics" / f"epoch-{epoch:03d}")
        assert table["row"].to_pylist() == open_shards(other).column("row").to_pylist()
    loss = -sum(table["gold_logprob"].to_pylist()) / 12
    assert loss == pytest.approx(result.evaluation["loss_nats"], rel=1e-5)


@pytest.mark.parametrize("how", [None, "during"])
def test_records_of_no_step_are_observed_after_it(
    make_shards: MakeShards, tmp_path: Path, how: str | None
) -> None:
    path = make_shards(pairs(20))
    with pytest.raises(HardnessError, match=r"record_dynamics must be 'after' with observe"):
        train(path, tmp_path / "run", observe=path, record_dynamics=how, **SMALL)


def test_observed_shards_must_have_the_columns(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(20))
    other = make_shards(questions(5), name="other", text=("question",), label=None)
    with pytest.raises(HardnessError, match=r"observe must have the columns premise.*no premise"):
        train(path, tmp_path / "run", observe=other, record_dynamics="after", **SMALL)


def test_recording_does_not_change_the_training(make_shards: MakeShards, tmp_path: Path) -> None:
    records = questions(30)
    options = {"text": ("question", "answer"), "label": None}
    path = make_shards(records, **options)
    base = save_small_model(tmp_path / "base", records)
    bits = []
    for how in (None, "during", "after"):
        output = tmp_path / str(how)
        result = train(path, output, model=base, record_dynamics=how, **SMALL)
        bits.append((result.model / "model.safetensors").read_bytes())
    assert bits[0] == bits[1] == bits[2]


def test_logits_give_the_recorded_numbers(make_shards: MakeShards, tmp_path: Path) -> None:
    path = make_shards(pairs(20))
    train(path, tmp_path / "run", record_dynamics="during", record_logits=True, **SMALL)
    table = pq.read_table(tmp_path / "run" / "dynamics" / "epoch-001" / "rank-0.parquet")
    labels = open_shards(path).column("label").to_pylist()
    ids = torch.tensor([["no", "yes"].index(label) for label in labels])
    expected = observe_classes(torch.tensor(table["logits"].to_pylist()), ids)
    assert table["margin"].to_pylist() == pytest.approx(expected[2].tolist(), rel=1e-5)
