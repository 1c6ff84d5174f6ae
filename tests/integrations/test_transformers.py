"""The integration against `transformers` itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, LlamaConfig

import hardness
from hardness.errors import HardnessError
from hardness.integrations.transformers import DynamicsCallback, HardnessTrainer
from hardness.training.losses import class_losses, token_losses
from hardness.training.observations import observe_classes
from hardness.weighting import resolve
from tests.integrations.hf import Records, collate, run
from tests.training.ranks import run_ranks

TASKS = ["classification", "causal-lm"]
SMALL: dict[str, Any] = {
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 2,
    "num_train_epochs": 2,
    "lr_scheduler_type": "constant",
}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def base(tmp_path: Path) -> str:
    config = LlamaConfig(
        vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=32, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "base")
    return str(tmp_path / "base")


def losses(lines: list[dict[str, Any]]) -> list[float]:
    return [line["loss"] for line in lines if "loss" in line]


@pytest.mark.parametrize(
    ("task", "accumulated"),
    [
        # The plain trainer adds up the means of a decoder classifier's accumulated batches.
        pytest.param("classification", 1, id="classification"),
        pytest.param("causal-lm", 1, id="causal-lm"),
        pytest.param("causal-lm", 2, id="causal-lm, accumulated"),
    ],
)
def test_uniform_weights_in_the_same_order_give_the_plain_trainers_losses(
    base: str, tmp_path: Path, task: str, accumulated: int
) -> None:
    options = {**SMALL, "gradient_accumulation_steps": accumulated}
    plain, final = run(base=base, output=str(tmp_path / "a"), task=task, plain=True, **options)
    ours, ours_final = run(base=base, output=str(tmp_path / "b"), task=task, **options)
    assert len(losses(plain)) == 12 / accumulated
    assert losses(ours) == pytest.approx(losses(plain), rel=1e-5)
    assert (final - ours_final).abs().max().item() < 1e-5


@pytest.mark.parametrize("task", TASKS)
def test_the_first_step_is_the_weighted_sum_worked_out_by_itself(
    base: str, tmp_path: Path, task: str
) -> None:
    options = {"weighting": "linupper", "r_warmup": 0.0}
    lines, _ = run(base=base, output=str(tmp_path / "a"), task=task, options=options, **SMALL)
    loader = AutoModelForCausalLM if task == "causal-lm" else AutoModelForSequenceClassification
    torch.manual_seed(0)
    model = loader.from_pretrained(base)
    records = Records(22, task)
    total, units = 0.0, 0.0
    for start in (0, 4):
        batch = collate([records[index] for index in range(start, start + 4)])
        with torch.no_grad():
            logits = model(
                input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
            ).logits
        if task == "causal-lm":
            targets = torch.nn.functional.pad(batch["labels"][:, 1:], (0, 1), value=-100)
            each, counts = token_losses(logits, targets), (targets != -100).sum(1)
        else:
            each, counts = class_losses(logits, batch["labels"]), torch.ones(4)
        weights = resolve("linupper")(losses=each.double(), temperature=1.0)
        total += float((weights * counts * each).sum())
        units += float(counts.sum())
    assert losses(lines)[0] == pytest.approx(total / units, rel=1e-4)
    assert lines[0]["weight_mean"] == pytest.approx(1.0)


@pytest.mark.parametrize("task", TASKS)
def test_two_processes_take_the_steps_of_one(base: str, tmp_path: Path, task: str) -> None:
    def job(name: str, weighting: str, size: int) -> dict[str, Any]:
        return {
            "base": base,
            "output": str(tmp_path / f"{name}-{size}-{weighting}"),
            "task": task,
            "count": 24,
            "options": {"weighting": weighting, "r_warmup": 0.0},
            **SMALL,
            "per_device_train_batch_size": 4 // size,
            "learning_rate": 1e-4,
        }

    weightings = ["uniform", "s-loss", "linupper", "focal:2"]
    run_ranks(2, [job("run", w, 2) for w in weightings], module="tests.integrations.hf")
    for weighting in weightings:
        lines, final = run(**job("run", weighting, 1))
        other = torch.load(tmp_path / f"run-2-{weighting}" / "found.pt")
        assert losses(other["lines"]) == pytest.approx(losses(lines), rel=1e-4)
        assert (final - other["final"]).abs().max().item() < 1e-5


def test_the_data_comes_in_its_order_whatever_the_arguments_say(base: str, tmp_path: Path) -> None:
    seen: list[int] = []

    class Watching(HardnessTrainer):
        def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            seen.extend(inputs["row"].tolist())
            return super().compute_loss(model, inputs, *args, **kwargs)

    from transformers import TrainingArguments

    arguments = TrainingArguments(
        output_dir=str(tmp_path), use_cpu=True, report_to=[], save_strategy="no", seed=3,
        num_train_epochs=2, per_device_train_batch_size=5, train_sampling_strategy="random",
    )  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(base)
    Watching(
        model=model,
        args=arguments,
        train_dataset=Records(22, "causal-lm"),
        data_collator=collate,
        weighting="s-loss",
    ).train()
    assert seen == [100 + index for index in range(22)] * 2


def test_evaluation_is_the_models_own_loss(base: str, tmp_path: Path) -> None:
    from transformers import Trainer, TrainingArguments

    found = []
    for kind in (Trainer, HardnessTrainer):
        arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to=[])
        trainer = kind(
            model=AutoModelForCausalLM.from_pretrained(base),
            args=arguments,
            eval_dataset=Records(10, "causal-lm"),
            data_collator=collate,
        )
        found.append(trainer.evaluate()["eval_loss"])
    assert found[0] == pytest.approx(found[1])


def test_a_missing_column_is_named(base: str, tmp_path: Path) -> None:
    with pytest.raises(HardnessError, match="train_dataset must have the column weight"):
        run(
            base=base, output=str(tmp_path), task="causal-lm", options={"weighting": "shards"},
            **SMALL,
        )  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
def test_the_callback_records_every_epoch_of_a_plain_trainer(
    base: str, tmp_path: Path, task: str
) -> None:
    records = Records(22, task)
    callback = DynamicsCallback(
        tmp_path / "dynamics", records, collator=collate, with_logits=task == "classification"
    )
    kept = {"plain": True, "callbacks": [callback]}
    run(base=base, output=str(tmp_path / "run"), task=task, **kept, **SMALL)
    for epoch in (1, 2):
        table = pq.read_table(tmp_path / "dynamics" / f"epoch-{epoch:03d}" / "rank-0.parquet")
        assert table["row"].to_pylist() == [100 + index for index in range(22)]
        assert table["gold_logprob"].null_count == 0
        if task == "classification":
            labels = torch.tensor([records[index]["labels"] for index in range(22)])
            expected = observe_classes(torch.tensor(table["logits"].to_pylist()), labels)
            assert table["error_norm"].to_pylist() == pytest.approx(expected[3].tolist(), rel=1e-4)
    data = tmp_path / "data.jsonl"
    data.write_text("".join(f'{{"text": "record {row}"}}\n' for row in range(122)))
    mapped = hardness.score(data, metric="cartography", dynamics=str(tmp_path / "dynamics"))
    frame = mapped.table.frame("cartography").collect()
    assert frame["n_epochs"].to_list() == [0] * 100 + [2] * 22
    assert frame["confidence"].null_count() == 100
    logprobs = [
        pq.read_table(tmp_path / "dynamics" / f"epoch-{epoch:03d}" / "rank-0.parquet")[
            "gold_logprob"
        ].to_numpy()
        for epoch in (1, 2)
    ]
    assert frame["mean_loss"].to_list()[100:] == pytest.approx(-np.mean(logprobs, axis=0))
