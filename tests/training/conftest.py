"""Small shards to train on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from hardness.curriculum.manifest import Manifest
from hardness.curriculum.write import write_shards
from hardness.io.dataset import Columns

MakeShards = Callable[..., Path]

COLOURS = ["red", "green", "blue", "black", "white"]
ANIMALS = ["dog", "cat", "horse", "bird"]


def pairs(count: int, *, seed: int = 0) -> dict[str, list[Any]]:
    """Premises and hypotheses whose label can be told from one word."""
    generator = np.random.default_rng(seed)
    animals = [ANIMALS[i] for i in generator.integers(len(ANIMALS), size=count)]
    colours = [COLOURS[i] for i in generator.integers(len(COLOURS), size=count)]
    labels = ["yes" if draw else "no" for draw in generator.integers(2, size=count)]
    return {
        "premise": [
            f"a {colour} {animal}" for colour, animal in zip(colours, animals, strict=True)
        ],
        "hypothesis": [
            f"there is {'an' if label == 'yes' else 'no'} animal that is {colour}"
            for label, colour in zip(labels, colours, strict=True)
        ],
        "label": labels,
    }


def questions(count: int, *, seed: int = 0) -> dict[str, list[Any]]:
    """Questions and answers of different lengths, with no label."""
    generator = np.random.default_rng(seed)
    numbers = generator.integers(1, 9, size=(count, 2))
    return {
        "question": [f"what is {a} and {b}" for a, b in numbers],
        "answer": ["so " * int(a) + f"it is {a + b}" for a, b in numbers],
    }


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Tiny matrices gain nothing from threads, and lose much when tests run side by side."""
    torch.set_num_threads(1)


@pytest.fixture
def make_shards(tmp_path: Path) -> MakeShards:
    """Writes records in the order given as shards."""

    def make(
        columns: Mapping[str, Sequence[Any]],
        *,
        name: str = "shards",
        text: Sequence[str] = ("premise", "hypothesis"),
        label: str | None = "label",
        hardness: Sequence[float | None] | None = None,
        weight: Sequence[float] | None = None,
        shard_rows: int = 25,
        row_group_rows: int = 10,
        rows: Sequence[int] | None = None,
        epochs: int = 1,
    ) -> Path:
        count = len(next(iter(columns.values())))
        table = pa.table(dict(columns))
        # Rows that are not the positions, so that a test would notice if they were mixed up.
        shuffled = np.random.default_rng(1).permutation(count)
        scores = np.linspace(0, 1, count) if hardness is None else hardness
        table = table.append_column(
            "row", pa.array(shuffled if rows is None else rows, pa.uint64())
        )
        table = table.append_column("hardness", pa.array(scores, pa.float32()))
        table = table.append_column("position", pa.array(range(count), pa.uint64()))
        if weight is not None:
            table = table.append_column("weight", pa.array(weight, pa.float32()))
        manifest = Manifest(
            dataset={"digest": "0" * 32, "files": []},
            columns=Columns(text=tuple(text), label=label, id=None, group=None),
            metric={"name": "made", "column": "made", "direction": "higher", "parameters": {}},
            curriculum={"order": "ascending", "normalize": "rank", "nulls": "error"},
            hardness={"min": 0.0, "mean": 0.5, "max": 1.0, "nulls": 0},
            rows=count,
            shard_rows=shard_rows,
            epochs=epochs,
        )
        write_shards(tmp_path / name, table, manifest, row_group_rows=row_group_rows)
        return tmp_path / name

    return make


def save_small_model(folder: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    """A Llama of a few thousand parameters for the texts of `columns`, quick to start and train."""
    from transformers import LlamaForCausalLM

    from hardness.training.tiny import tiny_config, tiny_tokenizer, train_bpe

    texts = [value for name in columns for value in columns[name] if isinstance(value, str)]
    tokenizer = tiny_tokenizer(train_bpe(texts), max_length=64)
    config = tiny_config(tokenizer, max_length=64)
    config.update({"hidden_size": 16, "intermediate_size": 32, "head_dim": 4})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
