"""Small models and data for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import hardness
from tests.training.conftest import save_small_model

Score = Callable[..., pl.DataFrame]

WORDS = "the a dog cat runs sleeps slowly in park with red ball and because it was tired".split()


def records(count: int, *, seed: int = 0) -> list[dict[str, Any]]:
    """Questions and answers of very different lengths, some empty or null, and labels."""
    generator = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for index in range(count):
        lengths = generator.integers(1, [9, 25])
        question, answer = (" ".join(generator.choice(WORDS, n)) for n in lengths)
        row = {"id": f"r{index}", "question": question, "answer": answer}
        row["label"] = "yes" if "dog" in answer else "no"
        rows.append(row)
    if count > 9:
        rows[3]["answer"] = ""
        rows[5]["answer"] = None
        rows[7]["question"] = None
        rows[8]["label"] = None
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Tiny matrices gain nothing from threads, and lose much when tests run side by side."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal language model of a few thousand parameters."""
    return save_small_model(tmp_path_factory.mktemp("model") / "base", {"text": WORDS * 3})


@pytest.fixture(scope="session")
def tuned(model: Path) -> Path:
    """The same with other parameters, as if it had been trained on."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = model.with_name("tuned")
    found: Any = AutoModelForCausalLM.from_pretrained(model)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    found.save_pretrained(folder)
    AutoTokenizer.from_pretrained(model).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def startless(model: Path) -> Path:
    """The same with a tokenizer that has no start token."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = model.with_name("startless")
    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    tokenizer.bos_token = None
    tokenizer.save_pretrained(folder)
    AutoModelForCausalLM.from_pretrained(model).save_pretrained(folder)
    return folder


def save_classifier(folder: Path, base: Path, kind: str, *, seed: int = 0) -> Path:
    """A classifier of `no` and `yes`: a Llama, or a BERT, whose head has a bias."""
    from transformers import (
        AutoTokenizer,
        BertConfig,
        BertForSequenceClassification,
        LlamaConfig,
        LlamaForSequenceClassification,
    )

    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    options: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 64,
        "pad_token_id": tokenizer.pad_token_id,
        "id2label": {0: "no", 1: "yes"},
        "label2id": {"no": 0, "yes": 1},
        "initializer_range": 0.5,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if kind == "bert":
            found: Any = BertForSequenceClassification(BertConfig(**options))
        else:
            found = LlamaForSequenceClassification(LlamaConfig(**options))
    found.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session", params=["llama", "bert"])
def classifier(request: pytest.FixtureRequest, model: Path) -> Path:
    """A classifier of `no` and `yes`."""
    return save_classifier(model.with_name(request.param), model, request.param)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """300 records: three blocks of the smallest size."""
    return write(tmp_path / "data.jsonl", records(300))


@pytest.fixture
def score(data: Path) -> Score:
    """Scores the data by a metric into a table of this name."""

    def scored(metric: str, output: str = "table", **options: Any) -> pl.DataFrame:
        result = hardness.score(data, metric=metric, output=data.parent / output, **options)
        return result.table.frame(metric).collect()

    return scored
