"""Runs of the Hugging Face `Trainer` for tests, also as `python -m tests.integrations.hf`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from hardness.integrations.transformers import HardnessTrainer


class Records(torch.utils.data.Dataset):
    """Records of different lengths made of small numbers, with hardness and row beside them."""

    def __init__(self, count: int, task: str) -> None:
        generator = torch.Generator().manual_seed(0)
        self.items = []
        for index in range(count):
            length = int(torch.randint(3, 9, (1,), generator=generator))
            ids = torch.randint(5, 60, (length,), generator=generator).tolist()
            labels: Any = [-100, *ids[1:]] if task == "causal-lm" else int(ids[0] > 30)
            hardness = index / (count - 1)
            self.items.append(
                {"input_ids": ids, "labels": labels, "hardness": hardness, "row": 100 + index}
            )

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.items[index]


def collate(records: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Pad on the right; the columns beside the inputs are passed on."""
    width = max(len(record["input_ids"]) for record in records)

    def pad(values: list[int], fill: int) -> list[int]:
        return values + [fill] * (width - len(values))

    batch: dict[str, Any] = {
        "input_ids": [pad(record["input_ids"], 0) for record in records],
        "attention_mask": [pad([1] * len(record["input_ids"]), 0) for record in records],
        "labels": [
            pad(r["labels"], -100) if isinstance(r["labels"], list) else r["labels"]
            for r in records
        ],
    }
    for name in ("hardness", "row"):
        if name in records[0]:
            batch[name] = [record[name] for record in records]
    return {name: torch.tensor(values) for name, values in batch.items()}


class Losses(TrainerCallback):
    """Keeps the logged lines."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        self.lines.append(dict(logs))


def run(
    *,
    base: str,
    output: str,
    task: str,
    plain: bool = False,
    count: int = 22,
    callbacks: list[TrainerCallback] | None = None,
    options: dict[str, Any] | None = None,
    **arguments: Any,
) -> tuple[list[dict[str, Any]], torch.Tensor]:
    """Train; returns the logged lines and the parameters, which are also written to `output`."""
    loader = AutoModelForCausalLM if task == "causal-lm" else AutoModelForSequenceClassification
    torch.manual_seed(0)
    model = loader.from_pretrained(base)
    losses = Losses()
    chosen: dict[str, Any] = {"learning_rate": 1e-3, **arguments}
    if plain:
        chosen["train_sampling_strategy"] = "sequential"
    args = TrainingArguments(
        output_dir=output,
        logging_steps=1,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        disable_tqdm=True,
        **chosen,
    )
    trainer = (Trainer if plain else HardnessTrainer)(
        model=model,
        args=args,
        train_dataset=Records(count, task),
        data_collator=collate,
        callbacks=[losses, *(callbacks or [])],
        **(options or {}),
    )
    trainer.train()
    final = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    if args.process_index == 0:
        Path(output).mkdir(parents=True, exist_ok=True)
        torch.save({"lines": losses.lines, "final": final}, Path(output) / "found.pt")
    return losses.lines, final


if __name__ == "__main__":
    torch.set_num_threads(1)
    for job in json.load(sys.stdin):
        run(**job)
    if torch.distributed.is_initialized():
        # A thread of gloo that frees the tensors of the last collective while Python ends aborts
        # the process. A barrier has no tensors, and comes after that.
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
